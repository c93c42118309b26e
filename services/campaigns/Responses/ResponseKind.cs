namespace Platform.Campaigns.Responses;

/// <summary>The eight response files (L7), in the order in which rows of one point to rows of others.</summary>
internal enum ResponseKind
{
    Mailings,
    Recipients,
    Links,
    Clicks,
    Opens,
    AutomatedOpens,
    Unsubscribes,
    Responses,
}
