namespace Platform.Contracts.Failures;

/// <summary>
/// What kind of thing went wrong, and so what happens next. The same few values are used on the bus, in run rows and in the API.
/// A bad row is no failure: it is rejected and counted.
/// </summary>
public enum FailureCategory
{
    /// <summary>The data cannot be used as they are (truncated file, schema mismatch, too many bad rows). Ends the run; never retried by itself.</summary>
    BadFile,

    /// <summary>Something set up by a person is wrong or missing (credential refused, unknown bucket, unknown feed). Ends the run; never retried by itself.</summary>
    Configuration,

    /// <summary>A server, network or disk did not do its part. Retried with back-off; ends the run only when the attempts are used up.</summary>
    Environment,

    /// <summary>A person asked for the end.</summary>
    Cancelled,

    /// <summary>None of the above: a fault of the platform itself. Loud, and never retried in silence.</summary>
    Bug,
}
