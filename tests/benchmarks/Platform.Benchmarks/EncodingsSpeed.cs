using System.Diagnostics;
using System.Globalization;
using System.Text;
using Platform.Files;
using Platform.Files.Encodings;
using Platform.Files.Engine;
using Platform.Testing.Processes;

namespace Platform.Benchmarks;

/// <summary><c>encodings</c>: unpacking and decrypting one text of 100 MB with every encoding, against Debian's own programs, in processor time.</summary>
internal static class EncodingsSpeed
{
    private const int Rows = 2_000_000;
    private const string Passphrase = "benchmark";

    private static readonly (string Encoding, string Program, string[] Pack, string[] Unpack)[] Encodings =
    [
        ("gzip", "gzip", ["-c"], ["-dc"]),
        ("zstd", "zstd", ["-qc"], ["-dqc"]),
        ("bzip2", "bzip2", ["-c"], ["-dc"]),
        ("xz", "xz", ["-1c"], ["-dc"]),
        ("pgp", "gpg", ["--compress-algo", "none", "--symmetric"], ["--decrypt"]),
    ];

    public static Task<Result> RunAsync(string[] options)
    {
        var folder = Directory.CreateTempSubdirectory("encodings-");
        try
        {
            return Task.FromResult(Measure(folder.FullName));
        }
        finally
        {
            Tool.Run("gpgconf", ["--homedir", folder.FullName, "--kill", "all"]);
            folder.Delete(recursive: true);
        }
    }

    private static Result Measure(string folder)
    {
        var text = Text();
        var (ours, theirs) = (0.0, 0.0);
        var details = new Dictionary<string, object> { ["bytes"] = text.Length };
        foreach (var (encoding, program, pack, unpack) in Encodings)
        {
            string[] common = program == "gpg" ? ["--homedir", folder, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", Passphrase] : [];
            Console.WriteLine($"Packing with {program} ...");
            var packed = Tool.Run(program, [.. common, .. pack], text);
            var file = Path.Combine(folder, "packed");
            File.WriteAllBytes(file, packed);
            var own = Decode(encoding, file, folder, text.Length);
            var other = Unpack(program, [.. common, .. unpack], file);
            (ours, theirs) = (ours + own, theirs + other);
            details[encoding] = string.Create(CultureInfo.InvariantCulture, $"{text.Length / 1e6 / own:0} MB/s; {program}: {text.Length / 1e6 / other:0} MB/s; packed to {100.0 * packed.Length / text.Length:0} %");
        }

        return new()
        {
            Benchmark = "encodings",
            Measured = "all of them by the platform",
            Yardstick = "all of them by Debian's programs",
            MeasuredSeconds = ours,
            YardstickSeconds = theirs,
            Goal = 1.2,
            Details = details,
        };
    }

    /// <summary>Processor seconds of decoding here; of PGP, which another process decrypts, seconds.</summary>
    private static double Decode(string encoding, string file, string folder, long expected)
    {
        var source = new EncodedSource("text", new DecodeLimits(long.MaxValue), new PgpKey { Passphrase = Passphrase }, folder);
        var began = Stopwatch.GetTimestamp();
        var before = Environment.CpuUsage.TotalTime;
        using var stream = ((IStreamEncoding)FilesLibrary.Encodings.Get(encoding)).Decode(File.OpenRead(file), source);
        var buffer = new byte[256 << 10];
        var total = 0L;
        for (int read; (read = stream.Read(buffer)) > 0; total += read)
        {
        }

        if (total != expected)
        {
            throw new InvalidOperationException($"{encoding} gave {total} bytes of {expected}.");
        }

        return encoding == "pgp" ? Stopwatch.GetElapsedTime(began).TotalSeconds : (Environment.CpuUsage.TotalTime - before).TotalSeconds;
    }

    private static double Unpack(string program, string[] arguments, string file)
    {
        var command = string.Join(' ', [program, .. arguments, "<", file, "> /dev/null"]);
        var times = Encoding.ASCII.GetString(Tool.Run("bash", ["-c", $"TIMEFORMAT='%R %U %S'; {{ time {command} ; }} 2>&1"])).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var (elapsed, user, system) = (Seconds(times[0]), Seconds(times[1]), Seconds(times[2]));
        return program == "gpg" ? elapsed : user + system;
    }

    private static double Seconds(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static byte[] Text()
    {
        var random = new Random(1);
        var text = new StringBuilder();
        for (var i = 0; i < Rows; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{i},visitor-{random.Next(100_000)},2020-09-{1 + (i % 30):00}T{i % 24:00}:00:00Z,{random.Next()}\n");
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }
}
