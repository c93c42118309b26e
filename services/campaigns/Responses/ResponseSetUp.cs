using System.Text;
using System.Text.Json.Nodes;
using Platform.Campaigns.Clients;
using Platform.Campaigns.Connections;

namespace Platform.Campaigns.Responses;

/// <summary>Sets up what imports the response files: eight feeds, one for each file, views over them, and the courier that fetches the files. Doing it again changes nothing (docs/adr/0042).</summary>
internal sealed class ResponseSetUp(FeedsClient feeds, CouriersClient couriers)
{
    /// <summary>The feeds by kind.</summary>
    public async Task<IReadOnlyDictionary<ResponseKind, string>> EnsureAsync(Connection connection, ResponseImportSettings settings, string courierId, CancellationToken cancellationToken)
    {
        var ids = new Dictionary<ResponseKind, string>();
        foreach (var file in ResponseFiles.All)
        {
            ids[file.Kind] = await feeds.EnsureAsync(FeedOf(file, connection.Settings, settings), cancellationToken);
        }

        foreach (var view in ResponseViews.Of(connection.Settings.ResponseSource))
        {
            await feeds.PutViewAsync(connection.Settings.ResponseSource, view.Name, view.Select, view.Comment, cancellationToken);
        }

        await couriers.EnsureAsync(courierId, CourierOf(connection, settings, ids), cancellationToken);
        return ids;
    }

    private static JsonObject FeedOf(ResponseFile file, CampaignConnectionSettings connection, ResponseImportSettings settings)
    {
        var source = connection.ResponseSource;
        return new()
        {
            ["source"] = source,
            ["name"] = file.Kind.ToString(),
            ["description"] = file.Description,
            ["fields"] = new JsonArray([.. file.Columns.Select(column => FieldOf(column, source, settings.ZoneOf(connection)))]),
            ["primaryKey"] = file.Key is { } key ? new JsonArray(key) : null,
            ["keyless"] = file.Key is null,
            ["errorThresholdPercent"] = settings.MaxRejectedPercent,

            // Columns that nobody told of are kept in the table, and reported with the load.
            ["drift"] = "add",
        };
    }

    private static JsonNode FieldOf(ResponseColumn column, string source, string zone) => new JsonObject
    {
        ["incomingName"] = column.Names[0],
        ["name"] = column.Field,
        ["type"] = column.Type,
        ["timeZone"] = column.Type == "datetime" ? zone : null,
        ["required"] = column.Required,
        ["description"] = column.Description,
        ["semanticTags"] = new JsonArray([.. new[] { column.Of is { } kind ? KeyTag(source, kind) : null, column.Tag }.OfType<string>().Select(tag => (JsonNode)tag)]),
    };

    // Two connections have keys of their own: the source is part of the tag.
    private static string KeyTag(string source, ResponseKind kind)
    {
        var tag = new StringBuilder("fk-");
        foreach (var character in $"{source} {kind}".ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(character))
            {
                tag.Append(character);
            }
            else if (tag[^1] != '-')
            {
                tag.Append('-');
            }
        }

        return tag.ToString();
    }

    private static JsonObject CourierOf(Connection connection, ResponseImportSettings settings, Dictionary<ResponseKind, string> feeds) => new()
    {
        ["name"] = $"Responses of {connection.Name}",
        ["sourceType"] = "sftp",
        ["credentialId"] = connection.Settings.CredentialId,
        ["settings"] = new JsonObject
        {
            ["directory"] = connection.Settings.ResponseDirectory is "." ? "" : connection.Settings.ResponseDirectory,
            ["host"] = connection.Settings.Host,
            ["port"] = connection.Settings.Port,
            ["settleSeconds"] = settings.SettleSeconds,
        },
        ["entities"] = new JsonArray([.. ResponseFiles.All.Select(file => EntityOf(file, settings))]),
        ["loadOperations"] = new JsonObject(ResponseFiles.All.Select(file => KeyValuePair.Create<string, JsonNode?>(
            feeds[file.Kind], new JsonArray(new JsonObject { ["type"] = "load", ["file"] = ResponseFiles.Word(file.Kind) })))),
    };

    private static JsonNode EntityOf(ResponseFile file, ResponseImportSettings settings)
    {
        var landAs = new JsonObject
        {
            ["file/tag"] = ResponseFiles.Word(file.Kind),
            ["file/content-type"] = "text/csv",
            ["file/column-names"] = new JsonArray([.. file.Columns.Select(column => (JsonNode)new JsonArray([.. column.Names.Select(name => (JsonNode)name)]))]),
        };
        if (settings.Separator is { } separator)
        {
            landAs["file/separator"] = separator;
        }

        if (settings.Encoding is { } encoding)
        {
            landAs["file/encoding"] = encoding;
        }

        return new JsonObject
        {
            ["object/type"] = "file",
            ["object/file-pattern"] = ResponsePattern.Of(settings.Files.Of(file.Kind)),

            // The partner writes no file on a day without anything to tell; what is missing is told by the state of the import.
            ["object/optional"] = true,
            ["object/land-as"] = landAs,
        };
    }
}
