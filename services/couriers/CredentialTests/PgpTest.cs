using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Platform.Couriers.Clients;

namespace Platform.Couriers.CredentialTests;

/// <summary>
/// Tries PGP keys with GnuPG (C3): the public key encrypts a random text, and the private key with its passphrase decrypts it again. The keys live in a home of their own, in memory
/// where the machine allows, that is removed with its agent; passphrases go through standard input.
/// </summary>
internal sealed class PgpTest : IDisposable
{
    private const string Gpg = "gpg";
    private const string Memory = "/dev/shm";
    private readonly string _home = Path.Combine(Directory.Exists(Memory) ? Memory : Path.GetTempPath(), $"pgp-{RandomNumberGenerator.GetHexString(12, lowercase: true)}");

    private PgpTest() => _ = OperatingSystem.IsWindows()
        ? throw new PlatformNotSupportedException("The platform runs on Linux.")
        : Directory.CreateDirectory(_home, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    /// <summary>What is wrong with the keys, or null.</summary>
    public static async Task<string?> RunAsync(CredentialSecret secret, CancellationToken cancellationToken)
    {
        using var test = new PgpTest();
        var publicKey = secret.Field("publicKey");
        if (publicKey is not null && await test.UseAsync(publicKey, null, isPrivate: false, cancellationToken) is { } problem)
        {
            return problem;
        }

        return secret.Field("privateKey") is { } privateKey ? await test.UseAsync(privateKey, secret.Field("passphrase"), isPrivate: true, cancellationToken) : null;
    }

    public void Dispose()
    {
        using (var agent = Process.Start(StartInfo("gpgconf", ["--kill", "all"])))
        {
            agent?.WaitForExit();
        }

        Directory.Delete(_home, recursive: true);
    }

    private async Task<string?> UseAsync(string key, string? passphrase, bool isPrivate, CancellationToken cancellationToken)
    {
        var kind = isPrivate ? "private" : "public";
        var imported = await GpgAsync(["--import"], Encoding.UTF8.GetBytes(key), cancellationToken);
        if (Word(imported.Status, "IMPORT_OK", 1) is not { } fingerprint)
        {
            return $"GnuPG cannot read the {kind} key. Export it again and enter it whole.";
        }

        var text = RandomNumberGenerator.GetBytes(64);
        var encrypted = await GpgAsync(["--encrypt", "--recipient", fingerprint], text, cancellationToken);
        if (encrypted.ExitCode != 0)
        {
            return encrypted.Status.Contains("KEYEXPIRED", StringComparison.Ordinal)
                ? $"The {kind} key has expired. Have its owner prolong it, and enter it again."
                : $"The {kind} key cannot be encrypted for: it has no key for encryption, or that has expired or was revoked. Enter one that has.";
        }

        if (!isPrivate)
        {
            return null;
        }

        byte[] input = [.. Encoding.UTF8.GetBytes((passphrase ?? "") + "\n"), .. encrypted.Output];
        var decrypted = await GpgAsync(["--passphrase-fd", "0", "--decrypt"], input, cancellationToken);
        CryptographicOperations.ZeroMemory(input);
        return decrypted.ExitCode == 0 && decrypted.Output.AsSpan().SequenceEqual(text) ? null
            : passphrase is null ? "The private key needs a passphrase, or cannot decrypt. Enter its passphrase in the credential."
            : "The passphrase does not open the private key. Enter the right one.";
    }

    private async Task<(int ExitCode, byte[] Output, string Status)> GpgAsync(string[] arguments, byte[] input, CancellationToken cancellationToken)
    {
        using var process = Process.Start(StartInfo(
            Gpg, ["--batch", "--no-tty", "--quiet", "--status-fd", "2", "--pinentry-mode", "loopback", "--trust-model", "always", .. arguments]))!;
        try
        {
            var output = new MemoryStream();
            var reading = process.StandardOutput.BaseStream.CopyToAsync(output, cancellationToken);
            var status = process.StandardError.ReadToEndAsync(cancellationToken);
            try
            {
                await process.StandardInput.BaseStream.WriteAsync(input, cancellationToken);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // gpg ended before it read everything; its status says why.
            }

            await reading;
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, output.ToArray(), await status);
        }
        catch
        {
            process.Kill();
            throw;
        }
    }

    private ProcessStartInfo StartInfo(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        start.Environment["GNUPGHOME"] = _home;
        start.Environment["LC_ALL"] = "C.UTF-8";
        return start;
    }

    // A line of the status channel: "[GNUPG:] IMPORT_OK 17 FINGERPRINT".
    private static string? Word(string status, string keyword, int index) => status.Split('\n')
        .Select(line => line.Split(' ')).FirstOrDefault(words => words is ["[GNUPG:]", var said, ..] && said == keyword && words.Length > index + 2)?[index + 2];
}
