using FsCheck;
using FsCheck.Fluent;

namespace Platform.EndToEnd.Tests.Security.Hostile;

/// <summary>What strangers send where a value is expected.</summary>
internal static class HostileValues
{
    /// <summary>Texts, for paths, queries and JSON strings.</summary>
    public static Gen<string> Texts { get; } = Gen.OneOf(
        Gen.Elements(
            "", " ", "\0", "a\0b", "null", "true", "-1", "0", "1", "[]", "{}", "\"", "\\", "'", "%", "%00", "%2e%2e%2f", "..%2f..%2f", "../../../../etc/passwd", "..\\..\\windows", "/", "//", ".", "..",
            "'; drop table credentials; --", "' or 1=1 --", "${jndi:ldap://127.0.0.1/x}", "{{7*7}}", "$(id)", "`id`", "; id", "| id", "<script>alert(1)</script>", "\r\nX-Injected: 1", "\u202Egnp.exe", "\u200B", "\uFEFF",
            "\uFFFF", "e\u0301", "ﷺ", "𝕏", "👩‍👩‍👧‍👦", "Ａｄｍｉｎ", "٣", "ß", "İ", "9999-12-31", "9999-12-31T23:59:59.9999999Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "2026-02-30", "2026-13-01",
            "10000-01-01", "-0001-01-01", "24:00", "1e999", "NaN", "Infinity", "0x10", "1_000", "99999999999999999999", "-9223372036854775809", "2147483648", "1.5", "1,5", "http://169.254.169.254/latest/meta-data",
            "file:///etc/passwd", "gopher://127.0.0.1:6379/_", "http://[::1]/", "http://user:password@127.0.0.1/", "* * * * *", "0 0 31 2 *", "Europe/Nowhere", "P99999999999D", "999999999 weeks", "((((((((((a+)+)+)+)+)+)+)+)+)+b",
            "select * from pg_shadow", "'yyyy", "df-xxxxxx", "cr-", "run-00000000000000000000000000"),
        Gen.Choose(1, 16).Select(power => new string('x', 1 << power)),
        Gen.Choose(1, 12).Select(power => string.Concat(Enumerable.Repeat("👾", 1 << power))),
        Gen.Choose(0, 0xFFFF).Where(c => c is < 0xD800 or > 0xDFFF).Select(c => (char)c).ArrayOf(12).Select(letters => new string(letters)));

    /// <summary>JSON values, as text: also such that no JSON library writes.</summary>
    public static Gen<string> Json { get; } = Gen.OneOf(
        Gen.Elements(
            "null", "true", "false", "0", "-0", "-1", "1.5", "1e999", "-1e-999", "1E400", "99999999999999999999", "9223372036854775808", "-2147483649", "0.1234567890123456789012345678901234567890", "\"\"", "[]", "{}", "[null]", "[[]]",
            "[{}]", "[0]", "[\"\"]", "[true]", "[1,\"a\",null,{}]", "{\"a\":null}", "{\"\":\"\"}", "{\"__proto__\":{}}", "{\"$type\":\"System.Diagnostics.Process\"}", "{\"$ref\":\"1\"}", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"",
            "\"\\uFFFE\"", "{\"a\\u0000\":1}", "{\"\\ud800\":1}", "[\"\\u0000\"]"),
        Gen.Choose(1, 2000).Select(depth => string.Concat(Enumerable.Repeat("[", depth)) + string.Concat(Enumerable.Repeat("]", depth))),
        Gen.Choose(1, 200).Select(depth => string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth)),
        Gen.Choose(1, 5000).Select(count => $"[{string.Join(',', Enumerable.Repeat("{}", count))}]"),
        Gen.Choose(1, 5000).Select(count => $"{{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"k{i}\":\"v\""))}}}"),
        Texts.Select(text => System.Text.Json.JsonSerializer.Serialize(text)));

    /// <summary>Bodies that are no JSON value, or not only.</summary>
    public static Gen<byte[]> Garbage { get; } = Gen.OneOf(
        Gen.Elements("", " ", "{", "}", "[", "nul", "{\"a\"}", "{\"a\":}", "{a:1}", "{'a':1}", "{}{}", "[],", "{\"a\":1,}", "// comment\n{}", "<xml/>", "a=b&c=d", "\uFEFF{}", "\u0000", "{\"a\":01}", "{\"a\":+1}", "{\"a\":\"\t\"}", "\"\\x\"")
            .Select(System.Text.Encoding.UTF8.GetBytes),
        Gen.Elements<byte[]>([0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00], [0x7B, 0x22, 0xC0, 0x80, 0x22, 0x3A, 0x31, 0x7D], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x1F, 0x8B, 0x08, 0x00], [0x50, 0x4B, 0x03, 0x04]),
        Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf(64));

    /// <summary>Content types that an endpoint may not expect.</summary>
    public static Gen<string> ContentTypes { get; } = Gen.Elements(
        "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "application/json; charset=nonsense", "application/octet-stream", "image/png", "a/b",
        "application/vnd.api+json", "text/csv; charset=iso-8859-1");
}
