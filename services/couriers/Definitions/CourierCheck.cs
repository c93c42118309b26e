using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.Couriers.Clients;
using Platform.Couriers.Runs;
using Platform.Couriers.Sources.Connections;
using Platform.Files.Locations;

namespace Platform.Couriers.Definitions;

/// <summary>What can only be known by asking others: whether the feeds exist, whether the source lets us in.</summary>
internal sealed class CourierCheck(FeedsClient feeds, SourceConnections sources)
{
    /// <summary>Feeds that are not there or not active: warnings when a courier is saved, problems when it is validated.</summary>
    public async Task FeedsAsync(CourierDefinition definition, Action<string, string> report, Findings findings, CancellationToken cancellationToken)
    {
        if (definition.Loads.Count == 0)
        {
            return;
        }

        try
        {
            var resolved = await feeds.ResolveAsync(definition.Loads.Select(load => load.FeedId), cancellationToken);
            foreach (var missing in resolved.Missing)
            {
                report(Findings.Member("$.loadOperations", missing), $"names no feed. Files would land, then the run would fail with: Cannot find required feeds: \"{missing}\".");
            }

            foreach (var inactive in resolved.Feeds.Where(feed => !feed.Active))
            {
                report(Findings.Member("$.loadOperations", inactive.Id), $"names the feed {inactive.Source}:{inactive.Name}, which is not activated yet.");
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && FailureClassifier.Classify(e).Category != FailureCategory.Bug)
        {
            findings.Warning("$.loadOperations", $"could not be compared with the existing feeds: {FailureClassifier.Classify(e).Reason}");
        }
    }

    /// <summary>Connects with the credential and lists the first page below the courier's prefix.</summary>
    public async Task SourceAsync(Courier courier, CourierDefinition definition, Findings findings, CancellationToken cancellationToken)
    {
        var layout = definition.SourceType.Layout(definition.Settings, definition.Entities, RunMode.All);
        try
        {
            using var source = await sources.OpenAsync(courier.CredentialId, layout, $"validate courier {courier.Id}", cancellationToken);
            await foreach (var _ in source.ListAsync(layout.Prefix, ListDepth.Level, cancellationToken))
            {
                return;
            }

            findings.Warning("$.settings", $"lead to nothing: no key starts with {source.Describe(layout.Prefix)}.");
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && FailureClassifier.Classify(e).Category != FailureCategory.Bug)
        {
            findings.Problem(e is LocationException { Fault: LocationFault.ContainerMissing or LocationFault.AddressRefused } ? "$.settings" : "$.credentialId", FailureClassifier.Classify(e).Reason);
        }
    }
}
