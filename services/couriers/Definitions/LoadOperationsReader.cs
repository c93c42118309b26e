using System.Text.Json;

namespace Platform.Couriers.Definitions;

/// <summary>Reads load operations in the seeds' JSON (R9): feed id to a list of <c>truncate</c> and <c>load</c>. Their order among feeds is kept; truncate comes first wherever it stands.</summary>
internal static class LoadOperationsReader
{
    private static readonly string[] OperationNames = ["type", "file"];

    public static IReadOnlyList<FeedLoad> Read(JsonElement? operations, string path, Findings findings)
    {
        if (operations is not { } feeds || feeds.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
        {
            return [];
        }

        if (feeds.ValueKind != JsonValueKind.Object)
        {
            findings.Problem(path, $"is {feeds.KindName()}; expected an object of feed ids, for example {{ \"df-xxxxxx\": [ {{ \"type\": \"load\", \"file\": \"users\" }} ] }}, or {{}}.");
            return [];
        }

        feeds.CheckNames(path, null, findings);
        var read = new List<FeedLoad>();
        foreach (var feed in feeds.EnumerateObject())
        {
            var here = Findings.Member(path, feed.Name);
            if (string.IsNullOrWhiteSpace(feed.Name))
            {
                findings.Problem(here, "names no feed; expected a feed id such as df-xxxxxx.");
            }
            else if (ReadFeed(feed.Name, feed.Value, here, findings) is { } load)
            {
                read.Add(load);
            }
        }

        return read;
    }

    private static FeedLoad? ReadFeed(string feedId, JsonElement operations, string path, Findings findings)
    {
        if (operations.ValueKind != JsonValueKind.Array)
        {
            findings.Problem(path, $"is {operations.KindName()}; expected an array of operations.");
            return null;
        }

        var truncate = false;
        var tags = new List<string>();
        var before = findings.Problems.Count;
        var index = 0;
        foreach (var operation in operations.EnumerateArray())
        {
            var here = $"{path}[{index++}]";
            if (operation.ValueKind != JsonValueKind.Object)
            {
                findings.Problem(here, $"is {operation.KindName()}; expected {{ \"type\": \"load\", \"file\": \"TAG\" }} or {{ \"type\": \"truncate\" }}.");
                continue;
            }

            operation.CheckNames(here, OperationNames, findings);
            var type = operation.RequiredText(here, "type", "\"load\"", findings);
            switch (type)
            {
                case null:
                    break;
                case "truncate":
                    truncate = true;
                    break;
                case "load":
                    if (operation.RequiredText(here, "file", "\"users\"", findings) is { } tag && !tags.Contains(tag, StringComparer.Ordinal))
                    {
                        tags.Add(tag);
                    }

                    break;
                default:
                    findings.Problem(Findings.Member(here, "type"), $"is '{type}'; expected 'load' or 'truncate'.");
                    break;
            }
        }

        if (tags.Count == 0 && findings.Problems.Count == before)
        {
            findings.Problem(path, "loads no file; expected at least one { \"type\": \"load\", \"file\": \"TAG\" }.");
        }

        return tags.Count == 0 ? null : new(feedId, truncate, tags);
    }
}
