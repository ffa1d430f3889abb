"""Names and shapes of the tensors of torchvision's nets: torchvision_nets.txt.

/usr/bin/python3 tests/golden/make_torchvision_nets.py    (Debian 12: torchvision 0.14.1)
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os

import torchvision

NETS = "r3d_18", "mc3_18", "r2plus1d_18", "resnet18", "resnet34", "resnet50"

with open(os.path.join(os.path.dirname(__file__), "torchvision_nets.txt"), "w") as file:
    file.write(f"# torchvision {torchvision.__version__}: net, tensor, shape\n")
    for net in NETS:
        module = torchvision.models.video if "_" in net else torchvision.models
        for name, value in getattr(module, net)().state_dict().items():
            if value.ndim > 0:  # not the counters of batches
                file.write(" ".join(map(str, (net, name, *value.shape))) + "\n")
