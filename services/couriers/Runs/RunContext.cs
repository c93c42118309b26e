using Platform.Couriers.Definitions;
using Platform.Couriers.Sources;
using Platform.Postgres;

namespace Platform.Couriers.Runs;

/// <summary>One attempt at a run: the row as it was claimed, the lease on it, and the courier's definition as it is now.</summary>
internal sealed record RunContext(CourierRun Run, RowLease Lease, string CredentialId, SourceLayout Layout, IReadOnlyList<FeedLoad> Loads)
{
    /// <summary>What the credentials service writes into its audit.</summary>
    public string Purpose => $"courier run {Run.Id}";

    /// <summary>The definition's parts; it was checked when it was saved, and is checked again because source types may have become stricter.</summary>
    public static (SourceLayout? Layout, IReadOnlyList<FeedLoad> Loads) Read(Courier courier, CourierRun run, DefinitionReader reader, Findings findings)
    {
        var definition = reader.Read(courier.Written(), findings);
        return definition is null ? (null, []) : (definition.SourceType.Layout(definition.Settings, definition.Entities, run.Mode), definition.Loads);
    }
}
