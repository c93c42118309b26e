namespace Platform.Campaigns.Responses;

/// <summary>What is agreed with the partner about the response files (L7). Everything has the default of the seed's documentation.</summary>
internal sealed record ResponseImportSettings
{
    /// <summary>Imports at its time of day; without it only when asked to.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Local time of the daily import: some time after the partner has the files ready.</summary>
    public TimeOnly TimeOfDay { get; init; } = new(6, 0);

    /// <summary>IANA zone of that time, of the dates in file names and of the times in the files; the connection's when absent.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Days before the import whose files are looked for: late and re-written ones are found as long as they lie there. 1 to 366.</summary>
    public int LookBackDays { get; init; } = 30;

    /// <summary>Names of files that are called otherwise than documented; <c>{DATE}</c> (or <c>YYYYMMDD</c>) is their date.</summary>
    public ResponseFileNames Files { get; init; } = new();

    /// <summary>Between the columns; found out from each file when absent.</summary>
    public string? Separator { get; init; }

    /// <summary>Encoding of the files, for example <c>iso-8859-1</c>; UTF-8, or what a byte order mark says, when absent.</summary>
    public string? Encoding { get; init; }

    /// <summary>Percent of the rows of one import that may be malformed; with more, nothing of that kind of file is imported. 0 to 100; malformed rows are rejected and listed in any case.</summary>
    public decimal MaxRejectedPercent { get; init; } = 100;

    /// <summary>Seconds for which a new file must keep its size and time before it is taken: the partner may still be writing it. 0 to 3600.</summary>
    public int SettleSeconds { get; init; } = 5;

    public string ZoneOf(Connections.CampaignConnectionSettings connection) => TimeZone ?? connection.TimeZone;
}

/// <summary>Names of the eight files.</summary>
internal sealed record ResponseFileNames
{
    public string Mailings { get; init; } = ResponseFiles.Names[ResponseKind.Mailings];

    public string Recipients { get; init; } = ResponseFiles.Names[ResponseKind.Recipients];

    public string Links { get; init; } = ResponseFiles.Names[ResponseKind.Links];

    public string Clicks { get; init; } = ResponseFiles.Names[ResponseKind.Clicks];

    public string Opens { get; init; } = ResponseFiles.Names[ResponseKind.Opens];

    public string AutomatedOpens { get; init; } = ResponseFiles.Names[ResponseKind.AutomatedOpens];

    public string Unsubscribes { get; init; } = ResponseFiles.Names[ResponseKind.Unsubscribes];

    public string Responses { get; init; } = ResponseFiles.Names[ResponseKind.Responses];

    public string Of(ResponseKind kind) => kind switch
    {
        ResponseKind.Mailings => Mailings,
        ResponseKind.Recipients => Recipients,
        ResponseKind.Links => Links,
        ResponseKind.Clicks => Clicks,
        ResponseKind.Opens => Opens,
        ResponseKind.AutomatedOpens => AutomatedOpens,
        ResponseKind.Unsubscribes => Unsubscribes,
        ResponseKind.Responses => Responses,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
