namespace Platform.CampaignStandIns;

/// <summary>Type of a column of the main recipient list, as the seed has them.</summary>
public enum AgreedType
{
    /// <summary><c>Varchar(n)</c>.</summary>
    Varchar,

    /// <summary><c>Bigint/Long</c>.</summary>
    Bigint,
}

/// <summary>One column of the main recipient list.</summary>
/// <param name="Name">As documented.</param>
/// <param name="Type">What values must be.</param>
/// <param name="Length">Of a varchar: the longest value, in characters.</param>
public sealed record AgreedField(string Name, AgreedType Type, int Length = 0);

/// <summary>What both sides agreed on when the interface was set up; the defaults are the seed's.</summary>
public sealed record Agreement
{
    /// <summary>The account's directory on this machine; the stand-in makes <c>in</c>, <c>log</c>, <c>err</c> and <c>out</c> below it.</summary>
    public required string Folder { get; init; }

    /// <summary>Clients (<c>mailingGroupId</c>) by sub-directory; the empty name is the directory itself.</summary>
    public IReadOnlyDictionary<string, long> Clients { get; init; } = new Dictionary<string, long> { [""] = 44018617811 };

    /// <summary>The main recipient list: existing fields and their sequence are fixed.</summary>
    public IReadOnlyList<AgreedField> Fields { get; init; } =
    [
        new("Email", AgreedType.Varchar, 255), new("broadmail_ID", AgreedType.Bigint), new("WAVE_ID", AgreedType.Bigint),
        new("Salutation", AgreedType.Varchar, 255), new("First name", AgreedType.Varchar, 255), new("Last name", AgreedType.Varchar, 255),
    ];

    /// <summary>Source mailings that were activated by mistake: copies of them cannot be made.</summary>
    public IReadOnlySet<long> ActivatedSourceMailings { get; init; } = new HashSet<long>();

    /// <summary>How often the directory is looked at.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Recipient files begin with a byte order mark.</summary>
    public bool ByteOrderMark { get; init; }

    /// <summary>Goes on after an error; otherwise nothing is imported while an error file lies in <c>err</c>.</summary>
    public bool ContinuesAfterErrors { get; init; }

    /// <summary>IANA zone of all times in files.</summary>
    public string TimeZone { get; init; } = "Europe/Berlin";

    /// <summary>Response files begin with the names of their columns.</summary>
    public bool HeaderRows { get; init; } = true;

    internal int Email => Find("Email");

    internal int SourceMailing => Find("broadmail_ID");

    internal int Wave => Find("WAVE_ID");

    private int Find(string name) => Fields.ToList().FindIndex(field => field.Name == name);
}
