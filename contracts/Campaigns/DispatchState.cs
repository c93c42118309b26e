using System.Text.Json.Serialization;

namespace Platform.Contracts.Campaigns;

/// <summary>State of a dispatch to Optimizely Campaign (L6). From <see cref="Uploaded"/> on the partner's log and error files decide.</summary>
public enum DispatchState
{
    /// <summary>Waits for its recipients.</summary>
    [JsonStringEnumMemberName("draft")]
    Draft,

    /// <summary>Recipients are read, validated and written.</summary>
    [JsonStringEnumMemberName("preparing")]
    Preparing,

    /// <summary>The recipients have problems; nothing was sent. Final.</summary>
    [JsonStringEnumMemberName("invalid")]
    Invalid,

    /// <summary>Valid, and waits for the word to send.</summary>
    [JsonStringEnumMemberName("ready")]
    Ready,

    /// <summary>To be sent, at once or at its time.</summary>
    [JsonStringEnumMemberName("queued")]
    Queued,

    /// <summary>Files are written to the server under temporary names.</summary>
    [JsonStringEnumMemberName("uploading")]
    Uploading,

    /// <summary>The recipient file lies on the server; the partner picks it up within ten minutes.</summary>
    [JsonStringEnumMemberName("uploaded")]
    Uploaded,

    /// <summary>The partner has imported the recipients.</summary>
    [JsonStringEnumMemberName("imported")]
    Imported,

    /// <summary>The mailing is being sent.</summary>
    [JsonStringEnumMemberName("sending")]
    Sending,

    /// <summary>The mailing was sent. Final.</summary>
    [JsonStringEnumMemberName("sent")]
    Sent,

    /// <summary>The partner could not import the recipients. Final.</summary>
    [JsonStringEnumMemberName("import-failed")]
    ImportFailed,

    /// <summary>The recipients were imported, and the mailing could not be started. Final.</summary>
    [JsonStringEnumMemberName("start-failed")]
    StartFailed,

    /// <summary>It could not be delivered to the server. May be sent again.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>A person ended it before it was sent. Final.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,
}
