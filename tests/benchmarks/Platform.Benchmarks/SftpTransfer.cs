#pragma warning disable CA1416 // Benchmarks run on Linux: file modes exist.
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Platform.Files.Locations.Sftp;
using Platform.ServiceDefaults.Outgoing;
using Platform.Testing;
using Platform.Testing.Servers;

namespace Platform.Benchmarks;

/// <summary><c>sftp</c> of quality.md: one large file up and down against OpenSSH's own <c>sftp</c>, on the same server in the same run; on the loopback interface and with 40 ms between.</summary>
internal static class SftpTransfer
{
    private const int Rounds = 3;
    private const long Gigabyte = 1_000_000_000;
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(40);

    public static Task<Result> RunNearAsync(string[] options) => RunAsync("sftp", TimeSpan.Zero, 1.1, options);

    public static Task<Result> RunFarAsync(string[] options) => RunAsync("sftp-far", RoundTrip, 0.5, options);

    private static async Task<Result> RunAsync(string name, TimeSpan roundTrip, double goal, string[] options)
    {
        var size = options is ["--bytes", var text] ? long.Parse(text, CultureInfo.InvariantCulture) : Gigabyte;
        using var folder = new TemporaryFolder();
        await using var server = new SshServer();
        await server.InitializeAsync();
        await using var link = new FaultyLink(server.Port, roundTrip / 2);
        var port = roundTrip == TimeSpan.Zero ? server.Port : link.Port;
        var source = folder.PathOf("source");
        await WriteAsync(source, size);
        await using var client = new SftpClient(
            new() { Host = "127.0.0.1", Port = port, User = server.User, PrivateKey = server.PrivateKey, HostKeys = server.HostKey },
            new AddressGuard(new() { AllowPrivateHosts = true }), TimeProvider.System);

        var times = new List<(double Up, double Down, double OpenSshUp, double OpenSshDown)>();
        for (var round = 1; round <= Rounds; round++)
        {
            Console.WriteLine($"Round {round} of {Rounds} ...");
            var up = await TimeAsync(() => UploadAsync(client, source, server.PathOf("ours")));
            var openSshUp = await TimeAsync(() => SftpAsync(server, folder, port, $"put {source} {server.PathOf("theirs")}"));
            var down = await TimeAsync(() => DownloadAsync(client, server.PathOf("ours"), folder.PathOf("ours")));
            var openSshDown = await TimeAsync(() => SftpAsync(server, folder, port, $"get {server.PathOf("ours")} {folder.PathOf("theirs")}"));
            times.Add((up, down, openSshUp, openSshDown));
        }

        await RequireSameAsync(source, server.PathOf("ours"), folder.PathOf("ours"));
        static string Shown(IEnumerable<double> seconds) => string.Join(", ", seconds.Select(one => one.ToString("0.00", CultureInfo.InvariantCulture)));
        static double Middle(IEnumerable<double> seconds) => seconds.Order().ElementAt(Rounds / 2);
        return new()
        {
            Benchmark = name,
            Measured = $"SftpClient, {size:N0} bytes up and down, {roundTrip.TotalMilliseconds:0} ms between",
            Yardstick = "OpenSSH sftp, put and get",
            MeasuredSeconds = Middle(times.Select(time => time.Up)) + Middle(times.Select(time => time.Down)),
            YardstickSeconds = Middle(times.Select(time => time.OpenSshUp)) + Middle(times.Select(time => time.OpenSshDown)),
            Goal = goal,
            Details = new Dictionary<string, object>
            {
                ["bytes"] = size,
                ["up"] = Shown(times.Select(time => time.Up)),
                ["openSshUp"] = Shown(times.Select(time => time.OpenSshUp)),
                ["down"] = Shown(times.Select(time => time.Down)),
                ["openSshDown"] = Shown(times.Select(time => time.OpenSshDown)),
            },
        };
    }

    private static async Task WriteAsync(string path, long size)
    {
        await using var file = File.Create(path);
        var random = new Random(1);
        var block = new byte[1024 * 1024];
        for (var left = size; left > 0; left -= block.Length)
        {
            random.NextBytes(block);
            await file.WriteAsync(block.AsMemory(0, (int)Math.Min(left, block.Length)));
        }
    }

    private static async Task<double> TimeAsync(Func<Task> work)
    {
        var watch = Stopwatch.StartNew();
        await work();
        return watch.Elapsed.TotalSeconds;
    }

    private static async Task UploadAsync(SftpClient client, string from, string to)
    {
        await using var file = File.OpenRead(from);
        await client.UploadAsync(to, file, CancellationToken.None);
    }

    private static async Task DownloadAsync(SftpClient client, string from, string to)
    {
        await using var stream = await client.OpenReadAsync(from, 0, null, CancellationToken.None);
        await using var file = File.Create(to);
        await stream.CopyToAsync(file, 1024 * 1024);
    }

    private static async Task SftpAsync(SshServer server, TemporaryFolder folder, int port, string command)
    {
        var (key, hosts, batch) = (folder.PathOf("key"), folder.PathOf("known_hosts"), folder.PathOf("batch"));
        await File.WriteAllTextAsync(key, server.PrivateKey);
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.WriteAllTextAsync(hosts, $"bench {server.HostKey}\n");
        await File.WriteAllTextAsync(batch, command + "\n");
        var start = new ProcessStartInfo("sftp", ["-q", "-b", batch, "-F", "/dev/null", "-i", key, "-o", "HostKeyAlias=bench", "-o", $"UserKnownHostsFile={hosts}",
            "-P", port.ToString(CultureInfo.InvariantCulture), $"{server.User}@127.0.0.1"])
        { RedirectStandardOutput = true };
        using var sftp = Process.Start(start)!;
        await sftp.StandardOutput.ReadToEndAsync();
        await sftp.WaitForExitAsync();
        if (sftp.ExitCode != 0)
        {
            throw new InvalidOperationException($"sftp ended with exit code {sftp.ExitCode}; its message is above.");
        }
    }

    private static async Task RequireSameAsync(string first, params string[] others)
    {
        var expected = await HashAsync(first);
        foreach (var other in others)
        {
            if (await HashAsync(other) != expected)
            {
                throw new InvalidOperationException($"{other} is not what was sent.");
            }
        }

        static async Task<string> HashAsync(string path)
        {
            await using var file = File.OpenRead(path);
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(file));
        }
    }
}
