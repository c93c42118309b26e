using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Platform.Credentials.Kinds;
using Platform.Credentials.Persistence;
using Platform.ServiceDefaults;

namespace Platform.Credentials.SecretRequests;

/// <summary>The pages behind a link. Plain HTML: no script, nothing fetched from anywhere, and no secret is ever written back into a page.</summary>
internal static class SecretPage
{
    public const string FieldPrefix = "field.";

    private const string Style =
        "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;color:#1b1b1f;background:#fff}label{display:block;font-weight:600;margin-top:1.25rem}"
        + "small{display:block;font-weight:400;color:#55555e}input,textarea{box-sizing:border-box;width:100%;font:14px/1.4 ui-monospace,monospace;padding:.5rem;margin-top:.25rem;border:1px solid #77777f;border-radius:4px}"
        + "textarea{height:12rem}button{margin-top:1.5rem;padding:.6rem 1.4rem;font:inherit;font-weight:600;color:#fff;background:#1a4fa3;border:0;border-radius:4px}"
        + "blockquote{margin:1rem 0;padding:.5rem 1rem;border-left:4px solid #1a4fa3;white-space:pre-line}.problems{border:1px solid #a3231a;border-radius:4px;padding:.5rem 1rem;color:#a3231a}";

    private static readonly HtmlEncoder Html = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>Nothing is loaded, framed, or sent elsewhere; the one style is known by its hash.</summary>
    public static string ContentSecurityPolicy { get; } =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>The form. What was entered is shown again only where it is no secret.</summary>
    public static string Form(SecretRequest request, CredentialKind kind, IReadOnlyDictionary<string, string>? entered = null, IReadOnlyList<FieldProblem>? problems = null)
    {
        var body = new StringBuilder();
        body.Append("<h1>").Append(Text(kind.Title)).Append("</h1><p>").Append(Text(request.RequestedBy)).Append(" asks you for “").Append(Text(request.Name)).Append("”: ").Append(Text(kind.Description)).Append("</p>");
        if (request.Note is not null)
        {
            body.Append("<blockquote>").Append(Text(request.Note)).Append("</blockquote>");
        }

        body.Append("<p>What you enter is encrypted and never shown again, not even to whoever asks for it. The link works once, until ")
            .Append(Text(request.ExpiresAt.UtcDateTime.ToString("d MMMM yyyy HH:mm", System.Globalization.CultureInfo.InvariantCulture))).Append(" UTC.</p>");
        if (problems is { Count: > 0 })
        {
            body.Append("<div class=\"problems\" role=\"alert\"><p>Nothing was stored yet. Please enter secret fields again.</p><ul>");
            foreach (var problem in problems)
            {
                body.Append("<li>").Append(Text(TitleOf(problem, kind))).Append(": ").Append(Text(problem.Problem)).Append("</li>");
            }

            body.Append("</ul></div>");
        }

        body.Append("<form method=\"post\" autocomplete=\"off\">");
        foreach (var field in kind.Fields.Where(field => request.Asked.Contains(field.Name)))
        {
            AppendField(body, field, request.Creates, field.Secret ? null : entered?.GetValueOrDefault(field.Name));
        }

        return Page(kind.Title, body.Append("<button type=\"submit\">Send</button></form>").ToString());
    }

    public static string Received() => Page("Thank you", "<h1>Thank you</h1><p>It has arrived and is stored encrypted. The link cannot be used again; you can close this page.</p>");

    /// <summary>One answer for links that are expired, used, withdrawn or guessed.</summary>
    public static string Unusable() => Page("This link cannot be used", $"<h1>This link cannot be used</h1><p>{Text(UnusableDetail)}</p>");

    public const string UnusableDetail = "It has expired, was used already, or is not complete. Ask whoever sent it to you for a new one.";

    private static void AppendField(StringBuilder body, CredentialField field, bool creates, string? value)
    {
        var required = field.Required && (creates || field.Secret);
        body.Append("<label>").Append(Text(field.Title)).Append(required ? "" : " (optional)").Append("<small>").Append(Text(field.Description))
            .Append(creates || field.Secret ? "" : " Left empty, it stays as it is.").Append("</small>");
        var common = $"name=\"{FieldPrefix}{Text(field.Name)}\" maxlength=\"{field.MaxLength}\" autocomplete=\"off\" spellcheck=\"false\"{(required ? " required" : "")}";
        if (field.Multiline)
        {
            // The line break after the tag is not part of the value.
            body.Append("<textarea ").Append(common).Append(">\n").Append(Text(value ?? "")).Append("</textarea>");
        }
        else
        {
            body.Append("<input ").Append(common).Append(field.Secret ? " type=\"password\"" : " type=\"text\"").Append(value is null ? "" : $" value=\"{Text(value)}\"").Append('>');
        }

        body.Append("</label>");
    }

    private static string TitleOf(FieldProblem problem, CredentialKind kind) =>
        kind.Fields.FirstOrDefault(field => problem.Path == $"$.fields.{field.Name}")?.Title ?? kind.Title;

    private static string Page(string title, string body) =>
        $"<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" content=\"noindex\"><title>{Text(title)}</title><style>{Style}</style></head><body><main>{body}</main></body></html>";

    private static string Text(string text) => Html.Encode(text);
}
