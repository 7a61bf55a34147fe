#!/usr/bin/env bash
# Write a report as a note on a merge request, and update that note when it is there already.
#     comment-gitlab.sh REPORT.md NAME
# NAME tells the notes of several jobs apart. Needs RUNLENS_GITLAB_TOKEN (a project token with the scope `api`), curl and
# python3; outside of a merge request, or without the token, it does nothing. A note that cannot be written is said: the
# verdict stands.
set -euo pipefail
report=$1 name=$2
if [ -z "${CI_MERGE_REQUEST_IID:-}" ] || [ -z "${RUNLENS_GITLAB_TOKEN:-}" ] || [ ! -f "$report" ]; then exit 0; fi
mark="<!-- runlens:${name//[^A-Za-z0-9._-]/-} -->"
notes="$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes"
body=$(mktemp)
known=$(mktemp)
trap 'rm -f "$body" "$known"' EXIT
python3 - "$report" "$mark" "${CI_JOB_URL:-}" >"$body" <<'PYTHON'
import json
import pathlib
import sys

report, mark, where = sys.argv[1:]
text = pathlib.Path(report).read_text(encoding="utf-8")
if len(text) > 900_000:
    text = text[:900_000].rsplit("\n", 1)[0] + "\n\nCut here; the rest is in the reports.\n"
json.dump({"body": f"{mark}\n{text}\n[The job]({where})\n"}, sys.stdout)
PYTHON
# The token goes through a file descriptor: no list of processes shows it.
ask() { curl --silent --show-error --fail --config <(printf 'header = "PRIVATE-TOKEN: %s"\n' "$RUNLENS_GITLAB_TOKEN") "$@"; }
if ! ask "$notes?per_page=100&sort=asc" >"$known"; then
  echo "RunLens: the notes of the merge request could not be read" >&2
  exit 0
fi
id=$(python3 -c 'import json, sys
found = [n["id"] for n in json.load(open(sys.argv[1])) if n["body"].startswith(sys.argv[2])]
print(found[0] if found else "")' "$known" "$mark")
if [ -n "$id" ]; then way=(--request PUT "$notes/$id"); else way=(--request POST "$notes"); fi
ask "${way[@]}" --header "Content-Type: application/json" --data "@$body" >/dev/null ||
  echo "RunLens: the note on the merge request could not be written" >&2
