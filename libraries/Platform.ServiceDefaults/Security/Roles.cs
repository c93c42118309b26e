namespace Platform.ServiceDefaults.Security;

/// <summary>Authorization policies. Each role may do what the roles before it may.</summary>
public static class Roles
{
    /// <summary>May read.</summary>
    public const string Viewer = "viewer";

    /// <summary>May also set up and run couriers, feeds, groups.</summary>
    public const string Operator = "operator";

    /// <summary>May also manage credentials and API keys.</summary>
    public const string Admin = "admin";

    /// <summary>Another service on the internal channel; never a person, and never through the gateway.</summary>
    public const string Service = "service";

    /// <summary>Anyone at all, on one of the few routes that the gateway forwards without a key (gateway/routes.json). Services still accept such calls only from the gateway.</summary>
    public const string Anonymous = "anonymous";

    /// <summary>The roles a person or API key can have, lowest first.</summary>
    public static IReadOnlyList<string> OfPeople { get; } = [Viewer, Operator, Admin];
}
