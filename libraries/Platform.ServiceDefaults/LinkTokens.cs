using System.Diagnostics;
using System.Text.RegularExpressions;
using OpenTelemetry;

namespace Platform.ServiceDefaults;

/// <summary>Links for entering a secret (C4) end in a token that is a secret itself: traces and logs get their path without it.</summary>
internal static partial class LinkTokens
{
    /// <summary>The text with the token of every such link replaced.</summary>
    public static string Hide(string text) => Token().Replace(text, "$1{token}");

    // The page's own path only: below /api the same word is followed by ids, which are no secrets.
    [GeneratedRegex(@"((?<!/api)/secret-requests/)[^/?#\s""]+")]
    private static partial Regex Token();

    /// <summary>Cleans the tags of spans before they are exported; comes before the exporter.</summary>
    public sealed class Cleaner : BaseProcessor<Activity>
    {
        private static readonly string[] Tags = ["url.path", "url.full", "http.target", "http.url"];

        /// <inheritdoc/>
        public override void OnEnd(Activity data)
        {
            foreach (var tag in Tags)
            {
                if (data.GetTagItem(tag) is string text && text.Contains("/secret-requests/", StringComparison.Ordinal))
                {
                    data.SetTag(tag, Hide(text));
                }
            }
        }
    }
}
