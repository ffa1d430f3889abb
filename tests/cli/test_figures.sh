#!/bin/bash
# Figures of coppice analyse on the report's page: taken up, escaped, told apart from the results; broken ones.
# SPDX-License-Identifier: LGPL-2.1-or-later
. "$(dirname "$0")/cli.sh"
make_set
cd "$work" || exit 1
cat >>run.cfg <<'END'
sweep = { methods = ["dense", "rigl"]; densities = [0.5]; seeds = [1]; };
END
"$coppice" sweep -c run.cfg --out sw >/dev/null 2>&1 || { echo "the sweep failed"; exit 1; }
page() { [ $code -eq 0 ] && grep -qF -- "$1" page.html; }
without() { ! grep -qE -- "$1" page.html; }
part_of() { # FILE: what it says of figures
    sed -n '/<section id="figures">/,/<section id="provenance">/p' "$1" | sed '$d'
}
pictures_in() { part_of "$1" | grep -o 'class="picture"' | wc -l; }
bytes_in() { grep -o 'src="data[^"]*' | sort | sha256sum; }

run report sw/results.db -o page.html
check "a report without figures" quiet
check "has no such section" without 'id="figures"'
run analyse sw -o sw/analyse --grid 2 --limit 2
check "figures" quiet
check "are listed" json sw/analyse/figures.json '$.command' '$.version' '$.baseline' '$.setup' '$.series' \
    '$.figures[6].caption' '$.figures[0].pictures[0].what' '$.figures[0].tables[0].rows' '$.runs[1].sha256' \
    '$.notes' '$.broken'
drawn=$(find sw/analyse -name '*.svg' | wc -l)
check "with every picture" test "$(grep -o 'class="picture"' sw/analyse/figures.html | wc -l)" -eq "$drawn"

run report sw/results.db -o page.html
check "a report takes up the figures beside it" quiet
check "in a section" page '<section id="figures"><h2>'
for name in gain accuracy energy topology training radius fourier; do
    check "$name is in it" page "<section id=\"figure-$name\"><h3>"
done
check "with their pictures" test "$(pictures_in page.html)" -eq "$drawn"
check "the same as on their own page" test "$(part_of page.html | bytes_in)" = "$(bytes_in <sw/analyse/figures.html)"
check "the command that made them" page 'coppice analyse sw -o sw/analyse --grid 2 --limit 2'
check "how many clips they are of" page 'Top-1 on 2 test clips'
for model in sw/*/model.safetensors; do
    check "and the hash of $model" grep -q "$(sha256sum <"$model" | cut -c 1-64)" <(part_of page.html)
done
check "nothing is linked" test -z "$(part_of page.html | grep -o 'href="[^"]*')"
check "nothing is missing" without 'figures lack|not on this page|another setup'
check "all of it is UTF-8" iconv -f UTF-8 -t UTF-8 -o /dev/null page.html
cp page.html first.html
run sweep -c run.cfg --out sw
check "a sweep's report takes them up" quiet
check "the same ones" test "$(part_of sw/report.html | sha256sum)" = "$(part_of first.html | sha256sum)"

# Another folder, of some figures and of one run of two.
run analyse sw/rigl_0.5_s1 -o one --only topology,training --db sw/results.db
run report sw/results.db -o page.html --figures one
check "the folder that is asked for" quiet
check "comes in place of the one beside" test "$(pictures_in page.html)" -eq "$(find one -name '*.svg' | wc -l)"
lacking() { part_of page.html | sed 's/<[^>]*>//g' | grep -o 'Models that the figures lack: [^.]*\.'; }
check "what it lacks is said" test "$(lacking)" = "Models that the figures lack: dense s1."
sed -E 's/("sha256" : ")[0-9a-f]{8}/\100000000/; s/("setup" : ")[0-9a-f]{8}/\100000000/' -i one/figures.json
run report sw/results.db -o page.html --figures one
check "a run that the page does not have" page 'runs 1 is not on this page.'
check "another setup" page 'another setup than this page'

# A folder is anybody's: its texts are texts, and its names are of files in it.
evil='<img src=x onerror=alert(1)>' escaped='&lt;img src=x onerror=alert(1)&gt;'
for key in title caption what series folder model command baseline; do
    cp -r sw/analyse evil
    sed -E "s|(\"$key\" : \")|\1$evil|" -i evil/figures.json
    run report sw/results.db -o page.html --figures evil
    check "$key is escaped" page "$escaped"
    check "everywhere" without '<img src=x'
    rm -r evil
done
for name in '../one/topology_map' /etc/passwd 'a\\"b' ''; do
    rm -rf bad
    cp -r sw/analyse bad
    sed "s|\"name\" : \"topology_map\"|\"name\" : \"$name\"|" -i bad/figures.json
    run report sw/results.db -o x.html --figures bad
    check "the name '$name'" refuses 3 bad/figures.json 'is not the name'
done
rm -rf bad && cp -r sw/analyse bad && rm bad/radius.png
run report sw/results.db -o x.html --figures bad
check "a picture that is not there" refuses 3 bad/radius.png
head -c 20 sw/analyse/radius.png >bad/radius.png
run report sw/results.db -o x.html --figures bad
check "a picture that is cut" refuses 3 bad/radius.png 'no PNG'
cp bad/radius.svg bad/radius.png
run report sw/results.db -o x.html --figures bad
check "a picture of another kind" refuses 3 bad/radius.png 'no PNG'
for text in '' '{' '[]' '"text"' '{"figures": [1], "runs": 2}' '{"runs": [{}], "figures": [{"name": 1}]}'; do
    printf %s "$text" >bad/figures.json
    run report sw/results.db -o x.html --figures bad
    check "the list '$text'" refuses 3 bad/figures.json
done
mkdir empty
run report sw/results.db -o x.html --figures empty
check "a folder without figures" refuses 3 empty/figures.json 'coppice analyse'
run report sw/results.db -o x.html --figures nowhere
check "no folder" refuses 3 nowhere
check "no page is left of any of them" test ! -e x.html

# What was not asked for stops no page.
rm sw/analyse/radius.png
run report sw/results.db -o page.html
check "broken figures beside the results" test $code -eq 0
check "are named" grep -q 'figures are left out: .*radius.png' err
check "and left out" without 'id="figures"'
run sweep -c run.cfg --out sw
check "of a sweep's report, too" grep -q 'figures are left out: .*radius.png' err
check "which is made" test $code -eq 0 -a -z "$(part_of sw/report.html)"
finish
