using System.Text.RegularExpressions;

namespace Platform.Files.Locations.Sftp;

/// <summary>What ssh and SFTP servers say, turned into faults that name the cause and the remedy. The one place that does.</summary>
internal static partial class SftpFaults
{
    /// <summary>From the text ssh leaves when it ends before or during a session.</summary>
    public static LocationException FromSsh(SftpOptions options, string errors, bool loggedIn)
    {
        var server = $"{options.Host}:{options.Port}";
        bool Says(string text) => errors.Contains(text, StringComparison.OrdinalIgnoreCase);

        if (Says("host key") && (Says("verification failed") || Says("no matching host key")))
        {
            var found = Fingerprint().Match(errors) is { Success: true } match ? $" It showed {match.Value}." : "";
            return new(LocationFault.HostKeyChanged,
                $"The SFTP server {server} did not prove the pinned host key.{found} Nothing was sent, not even the login. Ask the server's operator whether the key was changed; if so, pin the new one in the credential.");
        }

        if (Says("Permission denied") || Says("Too many authentication failures"))
        {
            return new(LocationFault.WrongSecret,
                $"The SFTP server {server} refused the login of '{options.User}' by {(options.PrivateKey is null ? "password" : "key")}. Check user and secret in the credential, and that the account exists there.");
        }

        if (Says("subsystem request failed") || Says("remote subsystem"))
        {
            return new(LocationFault.BadSettings, $"{server} is an SSH server that offers no SFTP to '{options.User}'. Ask its operator to allow the subsystem sftp.");
        }

        if (Says("no matching"))
        {
            return new(LocationFault.BadSettings, $"The SFTP server {server} speaks only outdated cryptography that OpenSSH refuses. Ask its operator to update it.");
        }

        var last = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault(line => !line.StartsWith("Warning:", StringComparison.Ordinal));
        return new(LocationFault.Unavailable, loggedIn
            ? $"The connection to the SFTP server {server} was cut{(last is null ? "" : $" ({last})")}."
            : $"The SFTP server {server} cannot be reached{(last is null ? "" : $" ({last})")}. Check host and port, and whether a firewall lets this machine through.");
    }

    /// <summary>From a status other than OK, for the operation <paramref name="doing"/> (a gerund, for example <c>renaming</c>) on <paramref name="path"/>.</summary>
    public static LocationException FromStatus(string doing, string path, StatusCode code, string message) => code switch
    {
        StatusCode.NoSuchFile => new(LocationFault.FileMissing, $"Error {doing} {path}: the server knows no such file or directory."),
        StatusCode.PermissionDenied => new(LocationFault.AccessDenied, $"Error {doing} {path}: permission denied. The account needs the right to do this in that directory."),
        StatusCode.NoConnection or StatusCode.ConnectionLost => new(LocationFault.Unavailable, $"Error {doing} {path}: the server lost its connection ({code})."),
        StatusCode.Unsupported => new(LocationFault.BadSettings, $"Error {doing} {path}: the server does not support this operation."),
        _ => new(LocationFault.Unavailable, $"Error {doing} {path}: the server answers {Named(code)}{(message.Length is 0 or > 200 || message == code.ToString() ? "" : $" ({message})")}."),
    };

    /// <summary>The login failed on this side already.</summary>
    public static LocationException UnusableKey() => new(LocationFault.WrongSecret,
        "The private key cannot be used: its passphrase is wrong or missing, or it is no OpenSSH or PEM key. Check key and passphrase in the credential.");

    /// <summary>From the answer to a READ that brought no data.</summary>
    public static LocationException FromRead(string path, Reply reply, long position, long end)
    {
        var reader = new PacketReader(reply.Body);
        var code = reply.Type == PacketType.Status ? (StatusCode)reader.UInt32() : StatusCode.BadMessage;
        return code == StatusCode.EndOfFile
            ? new(LocationFault.FileChanged, $"{path} ends at byte {position:N0} where {end:N0} bytes were listed; it became shorter while it was read.")
            : FromStatus("reading", path, code, reader.AtEnd ? "" : reader.Text());
    }

    public static LocationException Full(string path) =>
        new(LocationFault.Full, $"Error writing {path}: the server's disk is full, or the account's quota is used up. Free space there, or ask its operator to.");

    public static LocationException Exists(string path) =>
        new(LocationFault.AlreadyExists, $"{path} exists already. A file is never replaced: remove or rename the old one first.");

    public static LocationException Stalled(SftpOptions options) =>
        new(LocationFault.Unavailable, $"The SFTP server {options.Host}:{options.Port} owed an answer and sent nothing for {options.StallTimeout.TotalSeconds:0} seconds; the connection was given up.");

    public static LocationException Malformed(SftpOptions options, Exception cause) =>
        new(LocationFault.Unavailable, $"{options.Host}:{options.Port} sent something that is not SFTP version 3 ({cause.Message}).", cause);

    private static string Named(StatusCode code) => code switch
    {
        StatusCode.Failure => "with a general failure",
        StatusCode.BadMessage => "that the request is malformed (a name too long, or with characters it does not take)",
        _ => $"with status {(uint)code}",
    };

    [GeneratedRegex("SHA256:[A-Za-z0-9+/]{43}")]
    private static partial Regex Fingerprint();
}
