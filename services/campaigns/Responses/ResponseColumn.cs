namespace Platform.Campaigns.Responses;

/// <summary>One documented column of a response file and what it becomes.</summary>
/// <param name="Names">What a header row may call it; the first is the documentation's.</param>
/// <param name="Field">The column of the domain table.</param>
/// <param name="Type">The feed's field type.</param>
/// <param name="Description">Becomes the column's comment.</param>
internal sealed record ResponseColumn(IReadOnlyList<string> Names, string Field, string Type, string Description)
{
    /// <summary>A row without it is rejected.</summary>
    public bool Required { get; init; }

    /// <summary>The kind of file whose rows it points to, or whose key it is.</summary>
    public ResponseKind? Of { get; init; }

    /// <summary>What else the values mean (F6).</summary>
    public string? Tag { get; init; }
}

/// <summary>One of the eight files.</summary>
/// <param name="Kind">Which.</param>
/// <param name="File">Its name in the documentation; <c>{DATE}</c> is <c>YYYYMMDD</c>.</param>
/// <param name="Description">Becomes the table's comment.</param>
/// <param name="Key">The field that identifies a row; null where every row is kept, equal ones too.</param>
/// <param name="Columns">In the order of a file without header row.</param>
internal sealed record ResponseFile(ResponseKind Kind, string File, string Description, string? Key, IReadOnlyList<ResponseColumn> Columns);
