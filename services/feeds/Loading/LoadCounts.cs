using Platform.Contracts.Failures;

namespace Platform.Feeds.Loading;

/// <summary>Where the rows of a load went, how, and what the table holds afterwards.</summary>
internal sealed record LoadCounts
{
    public long Read { get; init; }

    public long Inserted { get; init; }

    public long Updated { get; init; }

    public long Unchanged { get; init; }

    public long Superseded { get; init; }

    public long Rejected { get; init; }

    /// <summary>Stored rows that a truncate removed and no file brought back; they were not read.</summary>
    public long Removed { get; init; }

    /// <summary>A load whose rows are not all accounted for is never committed (X2).</summary>
    public void MustBalance()
    {
        if (Read != Inserted + Updated + Unchanged + Superseded + Rejected || Math.Min(Math.Min(Inserted, Updated), Math.Min(Unchanged, Superseded)) < 0)
        {
            throw new LoadFailedException(FailureCategory.Bug,
                $"The rows do not balance: {Read} read, but {Inserted} inserted + {Updated} updated + {Unchanged} unchanged + {Superseded} superseded + {Rejected} rejected. Nothing was committed.");
        }
    }
}
