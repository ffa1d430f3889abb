#!/usr/bin/python3
"""Writes tests/golden/labels_golden.h: how UCF101 and Kinetics number their classes.

UCF101's classInd.txt sorts its 101 names without regard to case, torchvision's data sets sort
the folders' names by bytes. Kinetics has no list of classes: a class's number is its place
among the sorted labels of train.csv, read here by Python's csv module; a clip's name is
torchvision's template (torchvision/datasets/kinetics.py). The rows of the tables are made up,
with what labels of the real ones hold: commas, quotes, parentheses, apostrophes, capitals.
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import csv
import io
import json
import os

UCF101 = """
ApplyEyeMakeup ApplyLipstick Archery BabyCrawling BalanceBeam BandMarching BaseballPitch Basketball
BasketballDunk BenchPress Biking Billiards BlowDryHair BlowingCandles BodyWeightSquats Bowling
BoxingPunchingBag BoxingSpeedBag BreastStroke BrushingTeeth CleanAndJerk CliffDiving CricketBowling
CricketShot CuttingInKitchen Diving Drumming Fencing FieldHockeyPenalty FloorGymnastics FrisbeeCatch
FrontCrawl GolfSwing Haircut HammerThrow Hammering HandstandPushups HandstandWalking HeadMassage
HighJump HorseRace HorseRiding HulaHoop IceDancing JavelinThrow JugglingBalls JumpRope JumpingJack
Kayaking Knitting LongJump Lunges MilitaryParade Mixing MoppingFloor Nunchucks ParallelBars
PizzaTossing PlayingCello PlayingDaf PlayingDhol PlayingFlute PlayingGuitar PlayingPiano PlayingSitar
PlayingTabla PlayingViolin PoleVault PommelHorse PullUps Punch PushUps Rafting RockClimbingIndoor
RopeClimbing Rowing SalsaSpin ShavingBeard Shotput SkateBoarding Skiing Skijet SkyDiving
SoccerJuggling SoccerPenalty StillRings SumoWrestling Surfing Swing TableTennisShot TaiChi
TennisSwing ThrowDiscus TrampolineJumping Typing UnevenBars VolleyballSpiking WalkingWithDog
WallPushups WritingOnBoard YoYo
""".split()
assert len(UCF101) == 101

by_case = sorted(UCF101, key=str.lower)
by_byte = sorted(UCF101)
assert [i for i in range(101) if by_case[i] != by_byte[i]] == [34, 35, 46, 47]

LABELS = ["passing American football (in game)", "massaging person's head", "tying knot (not on a tie)",
          'saying "hello", twice', "playing guitar", "playing Guitar", "abseiling", "Zumba",
          "zumba", "air drumming", "air-drumming", "massaging legs"]


def table(rows, quoting, ends):
    text = io.StringIO()
    writer = csv.writer(text, quoting=quoting, lineterminator=ends)
    writer.writerow(["label", "youtube_id", "time_start", "time_end", "split", "is_cc"])
    writer.writerows(rows)
    return text.getvalue()


def rows(split, n, step):
    for i in range(n):
        yield [LABELS[i * step % len(LABELS)], f"-_{split}{i:04d}abc", 10 * i, 10 * i + 10 + 100000 * (i == 3),
               split, i % 2]


train = table(rows("train", 20, 7), csv.QUOTE_ALL, "\n")
val = table(rows("val", 9, 5), csv.QUOTE_MINIMAL, "\r\n")
classes = sorted({row["label"] for row in csv.DictReader(io.StringIO(train))})
assert len(classes) == len(LABELS)


def expected(text, folder):
    for row in csv.DictReader(io.StringIO(text)):
        name = "{ytid}_{start:06}_{end:06}.mp4".format(
            ytid=row["youtube_id"], start=int(row["time_start"]), end=int(row["time_end"]))
        label = row["label"].replace(" ", "_").replace("'", "").replace("(", "").replace(")", "")
        yield f"{folder}/{label}/{name}", classes.index(row["label"])


def strings(items):
    return "".join(f"    {json.dumps(item)},\n" for item in items)


def clips(text, folder):
    return "".join(f"    {{{json.dumps(path)}, {label}}},\n" for path, label in expected(text, folder))


with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "labels_golden.h"), "w") as f:
    f.write("/* Written by make_labels.py, which says how.\n"
            " * SPDX-License-Identifier: LGPL-2.1-or-later */\n"
            "/* clang-format off */\n"
            "static const char *const ucf101_classind[] = {\n" + strings(by_case) + "};\n\n"
            "static const char *const ucf101_byte[] = {\n" + strings(by_byte) + "};\n\n"
            "static const char kinetics_train[] =\n"
            + "".join(f"    {json.dumps(line)}\n" for line in train.splitlines(True)) + "    ;\n\n"
            "static const char kinetics_val[] =\n"
            + "".join(f"    {json.dumps(line)}\n" for line in val.splitlines(True)) + "    ;\n\n"
            "static const char *const kinetics_classes[] = {\n" + strings(classes) + "};\n\n"
            "typedef struct Clip {\n    const char *path;\n    int label;\n} Clip;\n\n"
            "static const Clip kinetics_train_clips[] = {\n" + clips(train, "train") + "};\n\n"
            "static const Clip kinetics_val_clips[] = {\n" + clips(val, "val") + "};\n")
