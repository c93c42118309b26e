using System.Globalization;

namespace Platform.Demo;

/// <summary>The command line of the demo, as <c>deploy/run demo</c> fills it in.</summary>
internal sealed record DemoOptions
{
    public const string Usage = "Platform.Demo --gateway URL --key-file FILE --s3 URL --s3-access KEY --s3-secret-file FILE --sftp-port PORT --sftp-folder DIR [--data DIR]";

    public required Uri Gateway { get; init; }

    public required string ApiKey { get; init; }

    public required Uri S3 { get; init; }

    public required string S3AccessKey { get; init; }

    public required string S3SecretKey { get; init; }

    /// <summary>Port of the SFTP server of the closed loop, on this machine.</summary>
    public required int SftpPort { get; init; }

    /// <summary>Its folder: keys, and the account's files.</summary>
    public required string SftpFolder { get; init; }

    /// <summary>A folder laid out like the bucket below <c>v1/</c>; null generates a day.</summary>
    public string? Data { get; init; }

    /// <summary>Null, with the reason on standard error, when the arguments are not as <see cref="Usage"/> says.</summary>
    public static DemoOptions? Parse(string[] args)
    {
        var given = new Dictionary<string, string>();
        for (var i = 0; i < args.Length; i += 2)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal) || i + 1 == args.Length)
            {
                return Refuse($"'{args[i]}' is not an option with a value");
            }

            given[args[i][2..]] = args[i + 1];
        }

        string[] needed = ["gateway", "key-file", "s3", "s3-access", "s3-secret-file", "sftp-port", "sftp-folder"];
        if (needed.FirstOrDefault(name => !given.ContainsKey(name)) is { } missing)
        {
            return Refuse($"--{missing} is missing");
        }

        var data = given.GetValueOrDefault("data");
        if (data is not null && !Directory.Exists(data))
        {
            return Refuse($"--data names '{data}', which is no folder");
        }

        return new()
        {
            Gateway = new(given["gateway"]),
            ApiKey = File.ReadAllText(given["key-file"]).Trim(),
            S3 = new(given["s3"]),
            S3AccessKey = given["s3-access"],
            S3SecretKey = File.ReadAllText(given["s3-secret-file"]).Trim(),
            SftpPort = int.Parse(given["sftp-port"], CultureInfo.InvariantCulture),
            SftpFolder = given["sftp-folder"],
            Data = data,
        };
    }

    private static DemoOptions? Refuse(string reason)
    {
        Console.Error.WriteLine($"{reason}. Usage: {Usage}");
        return null;
    }
}
