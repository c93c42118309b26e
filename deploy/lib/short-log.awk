# Turns JSON console lines of several followed files into "12:00:01 feeds  message".
BEGIN { escaped["0022"] = "\""; escaped["0026"] = "&"; escaped["0027"] = "'"; escaped["002B"] = "+"; escaped["003C"] = "<"; escaped["003E"] = ">"; escaped["0060"] = "`" }
function text(name,    at, rest, out, c) {
  at = index($0, "\"" name "\":\"")
  if (!at) return ""
  rest = substr($0, at + length(name) + 4)
  while (length(rest) && (c = substr(rest, 1, 1)) != "\"") {
    if (c == "\\") {
      c = substr(rest, 2, 1)
      if (c == "u") { c = escaped[substr(rest, 3, 4)]; rest = substr(rest, 6) } else { rest = substr(rest, 2) }
      if (c ~ /[nrt]/) c = " "
    }
    out = out c
    rest = substr(rest, 2)
  }
  return out
}
/^==> / { service = $2; sub(/\.log$/, "", service); next }
/^\{/ {
  level = text("LogLevel")
  if (level == "Information" ? text("Category") ~ /^(Platform|Microsoft\.Hosting\.Lifetime)/ : level ~ /^(Warning|Error|Critical)$/) {
    printf "%s %-16s %s%s\n", substr(text("Timestamp"), 12, 8), service, level == "Information" ? "" : toupper(level) ": ", substr(text("Message"), 1, 300)
    fflush()
  }
}
