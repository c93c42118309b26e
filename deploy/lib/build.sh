# Building: sourced by deploy/run, tests/run and tests/bench.

CONFIGURATION=Release

# build TARGET LOG: quiet unless it fails. No compiler, build server or temporary folder of theirs stays behind.
build() {
  local scratch built=0
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/platform-build-XXXXXX")
  DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false TMPDIR=$scratch \
    dotnet build "$1" -c "$CONFIGURATION" -v quiet -nologo > "$2" 2>&1 || built=$?
  rm -rf "$scratch"
  [ "$built" != 0 ] || return 0
  grep -E '(error|warning) ' "$2" | sort -u | head -n 50 || tail -n 20 "$2"
  fail "The build of $1 failed."
}
