using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Platform.Couriers.Definitions;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Couriers.Sources;

/// <summary>The settings that every source in S3 shares.</summary>
internal static partial class S3Settings
{
    public const string Schema = "https://json-schema.org/draft/2020-12/schema";

    private const int MaxPrefixLength = 900;

    /// <summary>Credentials that open any bucket.</summary>
    public static IReadOnlyList<string> CredentialTypes { get; } = ["iam-credential", "iam-role"];

    public static JsonObject BucketSchema(string? standard) => Text("Name of the bucket, without s3:// and without a path.", standard);

    public static JsonObject EndpointSchema() => new()
    {
        ["type"] = "string",
        ["format"] = "uri",
        ["description"] = "Address of an S3-compatible server; without it the credential's endpoint, or Amazon's, is used.",
    };

    public static JsonObject Text(string description, string? standard, string? example = null)
    {
        var schema = new JsonObject { ["type"] = "string", ["minLength"] = 1, ["description"] = description };
        if (standard is not null)
        {
            schema["default"] = standard;
        }

        if (example is not null)
        {
            schema["examples"] = new JsonArray(example);
        }

        return schema;
    }

    public static void CheckBucket(JsonElement settings, string path, Findings findings)
    {
        if (settings.RequiredText(path, "bucket", "\"optimizely-events-data\"", findings) is { } bucket && !BucketName().IsMatch(bucket))
        {
            findings.Problem(Findings.Member(path, "bucket"), $"is '{bucket}'; expected the bare name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens, without s3:// and without a path.");
        }
    }

    public static void CheckEndpoint(JsonElement settings, string path, AddressGuard guard, Findings findings)
    {
        if (!settings.TryGetProperty("endpoint", out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        var here = Findings.Member(path, "endpoint");
        if (value.ValueKind != JsonValueKind.String || !Uri.TryCreate(value.GetString(), UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("http" or "https"))
        {
            findings.Problem(here, "is no web address; expected for example \"https://s3.example.com\".");
        }
        else if (guard.WhyRefused(endpoint) is { } reason)
        {
            findings.Problem(here, reason);
        }
    }

    public static void CheckPrefix(JsonElement settings, string path, Findings findings)
    {
        if (!settings.TryGetProperty("prefix", out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        var here = Findings.Member(path, "prefix");
        if (value.ValueKind != JsonValueKind.String)
        {
            findings.Problem(here, $"is {value.KindName()}; expected a text, for example \"v1/\".");
        }
        else if (value.GetString()!.StartsWith('/') || value.GetString()!.Length > MaxPrefixLength)
        {
            findings.Problem(here, value.GetString()!.StartsWith('/') ? "starts with '/'; keys in a bucket do not." : $"is longer than {MaxPrefixLength} characters.");
        }
    }

    public static BucketPlace Place(JsonElement settings) =>
        new(settings.GetProperty("bucket").GetString()!, Text(settings, "endpoint") is { } endpoint ? new Uri(endpoint) : null);

    public static string? Text(JsonElement settings, string name) =>
        settings.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    /// <summary>A prefix is a folder: it ends with a slash, unless it is empty.</summary>
    public static string Folder(string prefix) => prefix.Length == 0 || prefix.EndsWith('/') ? prefix : prefix + "/";

    [GeneratedRegex(@"^[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]$")]
    private static partial Regex BucketName();
}
