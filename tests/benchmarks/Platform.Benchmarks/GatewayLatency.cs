using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Platform.Testing.Processes;

namespace Platform.Benchmarks;

/// <summary>
/// <c>gateway</c>: latency of a GET through the gateway (key looked up, role and scope checked, token signed and checked again), through nginx, and at the service itself, each at the same rate of calls: calls begin
/// by the clock, whether those before have ended or not, so that a slow answer makes the next ones wait and is counted. The three take turns, and the median of all calls of each counts.
/// </summary>
internal static class GatewayLatency
{
    private const string Path = "/api/source-types";
    private const int Rounds = 4;
    private const int WarmUpSeconds = 10;

    public static async Task<Result> RunAsync(string[] options)
    {
        var perSecond = Option(options, "--per-second", 300);
        var seconds = Option(options, "--seconds", 10);
        await using var platform = new RunningPlatform();
        await platform.InitializeAsync();
        using var folder = new TemporaryFolder();
        var service = platform.AddressOf("couriers");
        using var nginx = await StartNginxAsync(service, folder);
        using var direct = Client(service);
        using var proxied = Client(new($"http://127.0.0.1:{nginx.Port}"));
        using var gateway = Client(platform.Gateway);
        gateway.DefaultRequestHeaders.Add("X-Api-Key", await platform.ApiKeyAsync(Roles.Viewer));

        (string Name, HttpClient Client, bool Signed)[] roads = [("service", direct, true), ("nginx", proxied, true), ("gateway", gateway, false)];
        var latencies = roads.ToDictionary(road => road.Name, _ => new List<double>());
        for (var round = 0; round <= Rounds; round++)
        {
            foreach (var (name, client, signed) in roads)
            {
                var calls = perSecond * (round == 0 ? WarmUpSeconds : seconds);
                Console.WriteLine($"{(round == 0 ? "Warming up" : $"Round {round} of {Rounds}")}: {calls:N0} calls, {perSecond} a second, {name} ...");
                var measured = await CallAsync(client, () => signed ? platform.Keys.TokenOfPerson("couriers", Roles.Viewer) : null, calls, perSecond);
                if (round > 0)
                {
                    latencies[name].AddRange(measured);
                }
            }
        }

        var details = new Dictionary<string, object> { ["path"] = Path, ["callsPerSecond"] = perSecond, ["callsEach"] = latencies["gateway"].Count };
        foreach (var (name, all) in latencies)
        {
            all.Sort();
            details[$"{name}Milliseconds"] = string.Create(CultureInfo.InvariantCulture, $"p50 {Quantile(all, 0.5):0.000}, p90 {Quantile(all, 0.9):0.000}, p99 {Quantile(all, 0.99):0.000}");
        }

        return new()
        {
            Benchmark = "gateway",
            Measured = "1,000 times the median latency through the gateway",
            Yardstick = "1,000 times the median latency through nginx",
            MeasuredSeconds = Quantile(latencies["gateway"], 0.5),
            YardstickSeconds = Quantile(latencies["nginx"], 0.5),
            Goal = 1.5,
            Details = details,
        };
    }

    /// <summary>Milliseconds of each call, from when it was due.</summary>
    private static async Task<IReadOnlyCollection<double>> CallAsync(HttpClient client, Func<string?> token, int calls, int perSecond)
    {
        var taken = new ConcurrentBag<double>();
        var under = new List<Task>(calls);
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < calls; i++)
        {
            var due = TimeSpan.FromSeconds((double)i / perSecond);
            while (Stopwatch.GetElapsedTime(began) is var now && now < due)
            {
                // Timers are exact to a millisecond or two; what is left is waited for awake.
                await (due - now > TimeSpan.FromMilliseconds(3) ? Task.Delay(due - now - TimeSpan.FromMilliseconds(2)) : Yield());
            }

            under.Add(OneAsync(client, token(), began, due, taken));
        }

        await Task.WhenAll(under);
        return taken;
    }

    private static async Task Yield() => await Task.Yield();

    private static async Task OneAsync(HttpClient client, string? token, long began, TimeSpan due, ConcurrentBag<double> taken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Path);
        if (token is not null)
        {
            request.Headers.Add(InternalAuthentication.HeaderName, token);
        }

        using var answer = await client.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        taken.Add((Stopwatch.GetElapsedTime(began) - due).TotalMilliseconds);
    }

    private static double Quantile(List<double> sorted, double part) => sorted[(int)(part * (sorted.Count - 1))];

    private static HttpClient Client(Uri address) => new(new SocketsHttpHandler { UseCookies = false, UseProxy = false }) { BaseAddress = address };

    private static async Task<Nginx> StartNginxAsync(Uri target, TemporaryFolder folder)
    {
        var port = FreePorts.Take(1)[0];
        var settings = folder.PathOf("nginx.conf");
        await File.WriteAllTextAsync(settings, $$"""
            worker_processes 2;
            pid {{folder.PathOf("nginx.pid")}};
            error_log {{folder.PathOf("nginx.log")}};
            events { worker_connections 1024; }
            http {
              access_log off;
              client_body_temp_path {{folder.PathOf("body")}};
              proxy_temp_path {{folder.PathOf("proxy")}};
              fastcgi_temp_path {{folder.PathOf("fastcgi")}};
              uwsgi_temp_path {{folder.PathOf("uwsgi")}};
              scgi_temp_path {{folder.PathOf("scgi")}};
              upstream service { server {{target.Authority}}; keepalive 64; }
              server {
                listen 127.0.0.1:{{port}};
                location / { proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }
              }
            }
            """);
        var nginx = new Nginx(port, Process.Start(new ProcessStartInfo("/usr/sbin/nginx", ["-c", settings, "-e", folder.PathOf("nginx.log"), "-g", "daemon off;"]))!);
        using var client = Client(new($"http://127.0.0.1:{port}"));
        await Until.True(async () =>
        {
            try
            {
                using var answer = await client.GetAsync("/health/live");
                return answer.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
        return nginx;
    }

    private static int Option(string[] options, string name, int otherwise) =>
        Array.IndexOf(options, name) is >= 0 and var at && at + 1 < options.Length ? int.Parse(options[at + 1], CultureInfo.InvariantCulture) : otherwise;

    private sealed class Nginx(int port, Process process) : IDisposable
    {
        public int Port => port;

        public void Dispose()
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }
    }
}
