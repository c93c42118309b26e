namespace Platform.Contracts.Feeds;

/// <summary>Where the rows of a load went. A load or run succeeds only when <c>Read = Inserted + Updated + Unchanged + Superseded + Rejected</c> (X2).</summary>
public sealed record RowCounts
{
    /// <summary>Rows found in the files.</summary>
    public long Read { get; init; }

    /// <summary>Rows whose key was not in the table.</summary>
    public long Inserted { get; init; }

    /// <summary>Rows that replaced a stored row of the same key.</summary>
    public long Updated { get; init; }

    /// <summary>Rows equal to the stored row of the same key.</summary>
    public long Unchanged { get; init; }

    /// <summary>Rows that lost against another row of the same key, in the same load or stored (F5).</summary>
    public long Superseded { get; init; }

    /// <summary>Rows that could not be used; each is kept with its reason (F9).</summary>
    public long Rejected { get; init; }
}
