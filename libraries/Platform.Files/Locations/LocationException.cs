namespace Platform.Files.Locations;

/// <summary>What was wrong with a place, as far as it can be told.</summary>
public enum LocationFault
{
    /// <summary>The access key, user or account is not known there.</summary>
    UnknownIdentity,

    /// <summary>The secret or password does not fit the identity.</summary>
    WrongSecret,

    /// <summary>Temporary credentials have run out.</summary>
    ExpiredCredential,

    /// <summary>The identity is known, but may not do this.</summary>
    AccessDenied,

    /// <summary>The file may be read, but the key it is encrypted with may not be used.</summary>
    DecryptionDenied,

    /// <summary>The bucket or folder does not exist.</summary>
    ContainerMissing,

    /// <summary>The file does not exist.</summary>
    FileMissing,

    /// <summary>The file is no longer the one that was listed.</summary>
    FileChanged,

    /// <summary>The settings cannot be right, for example a wrong region.</summary>
    BadSettings,

    /// <summary>The address may not be connected to.</summary>
    AddressRefused,

    /// <summary>No connection, connection cut, no answer in time, or the server says it is busy.</summary>
    Unavailable,

    /// <summary>The place is full.</summary>
    Full,

    /// <summary>The server proved another identity than the pinned one.</summary>
    HostKeyChanged,

    /// <summary>A file of that name is there already, and is never replaced.</summary>
    AlreadyExists,
}

/// <summary>A place did not do what was asked. The message names the place, what was found and the remedy; it never holds a secret.</summary>
public sealed class LocationException(LocationFault fault, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>The kind of fault.</summary>
    public LocationFault Fault { get; } = fault;

    /// <summary>True when the same may succeed a little later without anybody changing a setting.</summary>
    public bool IsTransient => Fault is LocationFault.Unavailable or LocationFault.Full or LocationFault.FileChanged;

    /// <summary>True when another secret for the same credential could mend it.</summary>
    public bool ConcernsCredential => Fault is LocationFault.UnknownIdentity or LocationFault.WrongSecret or LocationFault.ExpiredCredential or LocationFault.AccessDenied;
}
