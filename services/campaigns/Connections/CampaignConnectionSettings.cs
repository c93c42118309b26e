using Platform.Campaigns.Status;

namespace Platform.Campaigns.Connections;

/// <summary>What is agreed with the partner about the exchange of files. Everything has the default of the seed's documentation.</summary>
internal sealed record CampaignConnectionSettings
{
    /// <summary>Name or address of the SFTP server.</summary>
    public string Host { get; init; } = "";

    /// <summary>TCP port of the SFTP server.</summary>
    public int Port { get; init; } = 22;

    /// <summary>A credential of type <c>sftp</c>: user, password or key, pinned host key.</summary>
    public string CredentialId { get; init; } = "";

    /// <summary>Directory recipient files go to.</summary>
    public string RecipientDirectory { get; init; } = ".";

    /// <summary>Directory the response files come from.</summary>
    public string ResponseDirectory { get; init; } = ".";

    /// <summary>Directory the partner's log files are in.</summary>
    public string LogDirectory { get; init; } = ".";

    /// <summary>Directory the partner's error files are in.</summary>
    public string ErrorDirectory { get; init; } = ".";

    /// <summary>Clients with a sub-directory or an account of their own. None: one client, everything directly in the directories above.</summary>
    public IReadOnlyList<ClientSettings> Clients { get; init; } = [];

    /// <summary>IANA zone of the stamps in file names and of the times in response files.</summary>
    public string TimeZone { get; init; } = "Europe/Berlin";

    /// <summary>Name of the recipient file; <c>{STAMP}</c> is <c>YYYYMMDDHHMMSS</c>.</summary>
    public string SubscribersFile { get; init; } = "{STAMP}_subscribers.csv";

    /// <summary>Name of the products file (L5).</summary>
    public string ProductsFile { get; init; } = "{STAMP}_products.csv";

    /// <summary>Name of the recommendations file (L5).</summary>
    public string RecommendationsFile { get; init; } = "{STAMP}_recommendations.csv";

    /// <summary>Ends the name of a file while it is transferred; the partner ignores such names.</summary>
    public string TemporarySuffix { get; init; } = ".tmp";

    /// <summary>Begins recipient files with a byte order mark, for partners that ask for it.</summary>
    public bool ByteOrderMark { get; init; }

    /// <summary>Later dispatches go on after an error file, instead of waiting for a restart.</summary>
    public bool ContinueAfterError { get; init; }

    /// <summary>Seconds between two looks for log and error files.</summary>
    public int CheckIntervalSeconds { get; init; } = 60;

    /// <summary>Source of the feeds that hold the response files: their domain tables are <c>SOURCE:Mailings</c>, <c>SOURCE:Opens</c> and so on.</summary>
    public string ResponseSource { get; init; } = "Optimizely Campaign";

    /// <summary>How log and error files are named and written.</summary>
    public StatusFormat Status { get; init; } = new();

    /// <summary>Where the client's recipient files go.</summary>
    public string RecipientDirectoryOf(string? client) => Join(RecipientDirectory, Find(client)?.Directory);

    public string LogDirectoryOf(string? client) => Join(LogDirectory, Find(client)?.Directory);

    public string ErrorDirectoryOf(string? client) => Join(ErrorDirectory, Find(client)?.Directory);

    public string CredentialOf(string? client) => Find(client)?.CredentialId ?? CredentialId;

    public ClientSettings? Find(string? client) => client is null ? null : Clients.SingleOrDefault(known => known.Name == client);

    private static string Join(string directory, string? below) =>
        string.IsNullOrEmpty(below) ? directory : directory is "." or "" ? below : $"{directory.TrimEnd('/')}/{below}";
}

/// <summary>One client of the partner's system (L1).</summary>
internal sealed record ClientSettings
{
    /// <summary>Name by which recipient lists refer to it.</summary>
    public string Name { get; init; } = "";

    /// <summary>Its id in Optimizely Campaign, as response files have it (<c>mailingGroupId</c>).</summary>
    public long? MailingGroupId { get; init; }

    /// <summary>Its sub-directory in each of the connection's directories; none when it has an account of its own.</summary>
    public string? Directory { get; init; }

    /// <summary>The credential of its own account; none when it shares the connection's.</summary>
    public string? CredentialId { get; init; }
}
