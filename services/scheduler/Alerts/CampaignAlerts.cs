using Platform.ServiceDefaults;

namespace Platform.Scheduler.Alerts;

/// <summary>What of the closed loop a channel hears of. Without connections it is all of them.</summary>
internal sealed record CampaignAlerts(IReadOnlyList<CampaignEvent> On, IReadOnlyList<string> Connections)
{
    /// <summary>What a person must do something about.</summary>
    private static readonly CampaignEvent[] Troubles =
        [CampaignEvent.DispatchImportFailed, CampaignEvent.DispatchStartFailed, CampaignEvent.DispatchInvalid, CampaignEvent.DispatchFailed, CampaignEvent.ResponsesMissing];

    public static CampaignAlerts? Of(CampaignAlertsInput? input) => input is null ? null : new([.. (input.On ?? Troubles).Distinct()], [.. (input.Connections ?? []).OfType<string>().Distinct()]);

    public bool Wants(CampaignEvent about, string connectionId) => On.Contains(about) && (Connections.Count == 0 || Connections.Contains(connectionId));
}

/// <summary>What of the closed loop with Optimizely Campaign the channel hears of: `on` are the events, unless said those that somebody must do something about; `connections` limits them to some (`cn-…`).</summary>
internal sealed record CampaignAlertsInput(IReadOnlyList<CampaignEvent>? On, IReadOnlyList<string?>? Connections)
{
    private const int MostConnections = 100;
    private const int LongestId = 100;

    public void Check(List<FieldProblem> problems)
    {
        if (On is { Count: 0 })
        {
            problems.Add(new("$.campaigns.on", "Expected at least one event; leave it out for those that somebody must do something about, leave campaigns out for none."));
        }

        if (Connections is { Count: > MostConnections })
        {
            problems.Add(new("$.campaigns.connections", $"At most {MostConnections} are possible; leave it out for all."));
        }

        foreach (var (i, id) in (Connections ?? []).Index().Where(item => item.Item is not { Length: > 3 and <= LongestId } id || !id.StartsWith("cn-", StringComparison.Ordinal)))
        {
            problems.Add(new($"$.campaigns.connections[{i}]", $"Expected the id of a connection, for example cn-…; {(id is null ? "null" : "another text")} was given."));
        }
    }
}

/// <summary>What may happen in the closed loop (L6, L7).</summary>
internal enum CampaignEvent
{
    /// <summary>The recipient file lies on the partner's server.</summary>
    DispatchUploaded,

    /// <summary>The partner has imported the recipients.</summary>
    DispatchImported,

    /// <summary>The mailing is being sent.</summary>
    DispatchSending,

    /// <summary>The mailing was sent.</summary>
    DispatchSent,

    /// <summary>The partner could not import the recipients.</summary>
    DispatchImportFailed,

    /// <summary>The mailing could not be started.</summary>
    DispatchStartFailed,

    /// <summary>The recipients have problems; nothing was sent.</summary>
    DispatchInvalid,

    /// <summary>The files could not be delivered.</summary>
    DispatchFailed,

    /// <summary>A person ended it before it was sent.</summary>
    DispatchCancelled,

    /// <summary>A daily import of response files brought nothing.</summary>
    ResponsesMissing,
}
