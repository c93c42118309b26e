using System.Text.Json.Serialization;

namespace Platform.Campaigns.Lists;

/// <summary>Types of the columns of a recipient list in Optimizely Campaign.</summary>
internal enum RecipientFieldType
{
    Varchar,
    Bigint,
    Integer,
    Decimal,
    Boolean,
    Date,
    Datetime,
}

/// <summary>What a field means to the closed loop; all others are personalization.</summary>
internal enum RecipientFieldRole
{
    /// <summary>No meaning to the interface.</summary>
    [JsonStringEnumMemberName("none")]
    None,

    /// <summary>The recipient's address. Every list has exactly one.</summary>
    [JsonStringEnumMemberName("email")]
    Email,

    /// <summary>The source mailing (<c>broadmail_ID</c>); filled by the dispatch. Every list has exactly one.</summary>
    [JsonStringEnumMemberName("source-mailing")]
    SourceMailing,

    /// <summary>The selection wave (<c>WAVE_ID</c>); filled by the dispatch.</summary>
    [JsonStringEnumMemberName("wave")]
    Wave,

    /// <summary>A product id: must be in the products file when one is sent along.</summary>
    [JsonStringEnumMemberName("product")]
    Product,

    /// <summary>Content referenced by URL, fetched by the partner when the mailing is sent.</summary>
    [JsonStringEnumMemberName("content-url")]
    ContentUrl,
}

/// <summary>One column of the main recipient list (L2). Its place in the list is its place in the file.</summary>
internal sealed record RecipientField
{
    /// <summary>As agreed, for example <c>First name</c>.</summary>
    public required string Name { get; init; }

    public required RecipientFieldType Type { get; init; }

    /// <summary>Of a varchar: the longest value, in characters.</summary>
    public int? Length { get; init; }

    /// <summary>Left out, it follows from the seed's names: <c>Email</c>, <c>broadmail_ID</c>, <c>WAVE_ID</c>.</summary>
    public RecipientFieldRole? Role { get; init; }

    /// <summary>May not be empty. The address and the source mailing never may.</summary>
    public bool Required { get; init; }

    [JsonIgnore]
    public RecipientFieldRole EffectiveRole => Role
        ?? (IsNamed("Email") || IsNamed("E-mail") ? RecipientFieldRole.Email
            : IsNamed("broadmail_ID") ? RecipientFieldRole.SourceMailing
            : IsNamed("WAVE_ID") ? RecipientFieldRole.Wave
            : RecipientFieldRole.None);

    [JsonIgnore]
    public bool IsFilledByDispatch => EffectiveRole is RecipientFieldRole.SourceMailing or RecipientFieldRole.Wave;

    // Asked for every value of every row: nothing may be made.
    private bool IsNamed(string name) => Name.Equals(name, StringComparison.OrdinalIgnoreCase);
}

/// <summary>What a list does with a line break inside a value, which the partner reads as the end of a row unless it minds quotes.</summary>
internal enum LineBreaks
{
    /// <summary>A problem of the row.</summary>
    Refuse,

    /// <summary>A space instead.</summary>
    Replace,

    /// <summary>As it is, inside the quotes.</summary>
    Keep,
}
