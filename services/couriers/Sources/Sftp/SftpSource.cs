using System.Text.Json;
using System.Text.Json.Nodes;
using Platform.Contracts.Couriers;
using Platform.Couriers.Definitions;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Couriers.Sources.Sftp;

/// <summary>
/// Files of an SFTP account, taken by the patterns of the entities list. Such servers show files while they are written: temporary names are passed over, and a file that is new or changed
/// must keep its size and time for a while before it is taken.
/// </summary>
internal sealed class SftpSource : ISourceType
{
    private const int MaxDirectoryLength = 900;
    private const int MaxTemporaryNames = 50;
    private const int MaxNameLength = 100;
    private const int MaxPort = 65_535;
    private const int MaxSettleSeconds = 3600;
    private const int DefaultSettleSeconds = 5;

    private static readonly string[] Names = ["directory", "host", "port", "temporaryNames", "settleSeconds"];

    private static readonly string[] DefaultTemporaryNames = [".*", "*.part", "*.partial", "*.filepart", "*.tmp", "*.temp", "*.uploading", "*~"];

    public string Name => "sftp";

    public string Title => "SFTP";

    public string Description => "Files of a directory on an SFTP server, chosen by the patterns of the entities list. The server must prove the host key that the credential pins.";

    public IReadOnlyList<string> CredentialTypes { get; } = ["sftp"];

    public JsonObject SettingsSchema => new()
    {
        ["$schema"] = S3Settings.Schema,
        ["type"] = "object",
        ["additionalProperties"] = false,
        ["properties"] = new JsonObject
        {
            ["directory"] = S3Settings.Text("Directory all patterns are below, for example /outgoing; without it, the one the login begins in.", null),
            ["host"] = S3Settings.Text("Name or address of the server, where it is another than the credential's; its host key must still be the one the credential pins.", null, "sftp.example.com"),
            ["port"] = new JsonObject
            {
                ["type"] = "integer",
                ["minimum"] = 1,
                ["maximum"] = MaxPort,
                ["description"] = "TCP port, where it is another than the credential's.",
                ["examples"] = new JsonArray(22),
            },
            ["temporaryNames"] = new JsonObject
            {
                ["type"] = "array",
                ["items"] = new JsonObject { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = MaxNameLength },
                ["description"] = "File names, with * for any characters, under which the sender keeps unfinished files. They are never pulled.",
                ["default"] = new JsonArray([.. DefaultTemporaryNames.Select(name => (JsonNode)name)]),
            },
            ["settleSeconds"] = new JsonObject
            {
                ["type"] = "integer",
                ["minimum"] = 0,
                ["maximum"] = MaxSettleSeconds,
                ["default"] = DefaultSettleSeconds,
                ["description"] = "How long a new or changed file must keep its size and time before it is pulled. 0 trusts every file at once.",
            },
        },
    };

    public void Check(JsonElement settings, IReadOnlyList<Entity> entities, string path, AddressGuard guard, Findings findings)
    {
        settings.CheckNames(path, Names, findings);
        CheckDirectory(settings, Findings.Member(path, "directory"), findings);
        CheckServer(settings, path, findings);
        CheckTemporaryNames(settings, Findings.Member(path, "temporaryNames"), findings);
        if (settings.TryGetProperty("settleSeconds", out var seconds) && (seconds.ValueKind != JsonValueKind.Number || !seconds.TryGetInt32(out var value) || value is < 0 or > MaxSettleSeconds))
        {
            findings.Problem(Findings.Member(path, "settleSeconds"), $"must be a whole number from 0 to {MaxSettleSeconds}.");
        }

        if (entities.Count == 0 && findings.Problems.Count == 0)
        {
            findings.Problem("$.entities", "is empty; this source type needs at least one entity that says which files to pull.");
        }
    }

    public SourceLayout Layout(JsonElement settings, IReadOnlyList<Entity> entities, RunMode mode) => new()
    {
        Place = new SftpPlace(
            S3Settings.Text(settings, "directory") ?? "", S3Settings.Text(settings, "host"), settings.TryGetProperty("port", out var port) && port.ValueKind == JsonValueKind.Number ? port.GetInt32() : null),
        Prefix = "",
        Entities = entities,
        TemporaryNames = settings.TryGetProperty("temporaryNames", out var names) && names.ValueKind == JsonValueKind.Array
            ? [.. names.EnumerateArray().Select(name => name.GetString()!)]
            : DefaultTemporaryNames,
        SettleTime = TimeSpan.FromSeconds(settings.TryGetProperty("settleSeconds", out var seconds) && seconds.ValueKind == JsonValueKind.Number ? seconds.GetInt32() : DefaultSettleSeconds),
    };

    private static void CheckServer(JsonElement settings, string path, Findings findings)
    {
        if (settings.TryGetProperty("host", out var host) && host.ValueKind != JsonValueKind.Null && (host.ValueKind != JsonValueKind.String || Uri.CheckHostName(host.GetString()) == UriHostNameType.Unknown))
        {
            findings.Problem(Findings.Member(path, "host"), "must be the name or address of a server, without sftp:// and port.");
        }

        if (settings.TryGetProperty("port", out var port) && port.ValueKind != JsonValueKind.Null && (port.ValueKind != JsonValueKind.Number || !port.TryGetInt32(out var number) || number is < 1 or > MaxPort))
        {
            findings.Problem(Findings.Member(path, "port"), $"must be a whole number from 1 to {MaxPort}.");
        }
    }

    private static void CheckDirectory(JsonElement settings, string path, Findings findings)
    {
        if (!settings.TryGetProperty("directory", out var directory) || directory.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (directory.ValueKind != JsonValueKind.String)
        {
            findings.Problem(path, $"is {directory.KindName()}; expected a text, for example \"/outgoing\".");
        }
        else if (directory.GetString() is { } text && (text.Length > MaxDirectoryLength || text.Any(char.IsControl) || text.Split('/').Contains("..")))
        {
            findings.Problem(path, $"must have at most {MaxDirectoryLength} characters, no control characters and no '..' segments.");
        }
    }

    private static void CheckTemporaryNames(JsonElement settings, string path, Findings findings)
    {
        if (!settings.TryGetProperty("temporaryNames", out var names) || names.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (names.ValueKind != JsonValueKind.Array || names.GetArrayLength() > MaxTemporaryNames)
        {
            findings.Problem(path, names.ValueKind == JsonValueKind.Array ? $"has more than {MaxTemporaryNames} names." : $"is {names.KindName()}; expected an array of names such as \"*.part\".");
            return;
        }

        var index = 0;
        foreach (var name in names.EnumerateArray())
        {
            if (name.ValueKind != JsonValueKind.String || name.GetString() is not { Length: > 0 and <= MaxNameLength } text || text.Contains('/') || text.All(c => c == '*'))
            {
                findings.Problem($"{path}[{index}]", $"must be a file name of 1 to {MaxNameLength} characters without '/', with * for any characters, such as \"*.part\"; '*' alone would pass over every file.");
            }

            index++;
        }
    }
}
