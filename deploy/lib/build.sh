# Building: sourced by deploy/run, tests/run and tests/bench.

CONFIGURATION=Release

# build TARGET LOG: quiet unless it fails. No compiler or build server stays behind.
build() {
  DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false \
    dotnet build "$1" -c "$CONFIGURATION" -v quiet -nologo > "$2" 2>&1 && return
  grep -E '(error|warning) ' "$2" | sort -u | head -n 50 || tail -n 20 "$2"
  fail "The build of $1 failed."
}
