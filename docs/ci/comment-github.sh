#!/usr/bin/env bash
# Write a report as a comment on a pull request, and update that comment when it is there already.
#     comment-github.sh REPORT.md NUMBER NAME
# NAME tells the comments of several jobs apart. Needs gh (on every hosted runner) with GH_TOKEN, and python3. A comment
# that cannot be written, as from a fork, is a warning: the verdict stands.
set -euo pipefail
report=$1 number=$2 name=$3
if [ ! -f "$report" ]; then
  echo "::warning title=RunLens::no comment: there is no report"
  exit 0
fi
# Letters, digits, dot, dash and underscore are all that the hidden mark may hold.
mark="<!-- runlens:${name//[^A-Za-z0-9._-]/-} -->"
where="${GITHUB_SERVER_URL:-https://github.com}/$GITHUB_REPOSITORY/actions/runs/${GITHUB_RUN_ID:-}"
body=$(mktemp)
trap 'rm -f "$body"' EXIT
# GitHub takes 65,536 characters; what does not fit stands in the artifact.
python3 - "$report" "$mark" "$where" >"$body" <<'PYTHON'
import json
import pathlib
import sys

report, mark, where = sys.argv[1:]
text = pathlib.Path(report).read_text(encoding="utf-8")
if len(text) > 60_000:
    text = text[:60_000].rsplit("\n", 1)[0] + "\n\nCut here; the rest is in the reports.\n"
json.dump({"body": f"{mark}\n{text}\n[Reports and figures]({where}#artifacts)\n"}, sys.stdout)
PYTHON
comments="repos/$GITHUB_REPOSITORY/issues/$number/comments"
id=$(gh api --paginate "$comments" --jq ".[] | select(.body | startswith(\"$mark\")) | .id" | head -n 1) || id=
if [ -n "$id" ]; then
  gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --input "$body" ||
    echo "::warning title=RunLens::the comment could not be updated; the token needs pull-requests: write"
else
  gh api --silent --method POST "$comments" --input "$body" ||
    echo "::warning title=RunLens::the comment could not be written; the token needs pull-requests: write"
fi
