using Platform.Benchmarks;

var benchmarks = new Dictionary<string, Func<string[], Task<Result>>>
{
    ["gateway"] = GatewayLatency.RunAsync,
    ["ingest-again"] = IngestMerge.AgainAsync,
    ["ingest-csv"] = IngestCsv.RunAsync,
    ["ingest-delta"] = IngestMerge.DeltaAsync,
    ["ingest-first"] = IngestFirst.RunAsync,
    ["large-file"] = LargeFile.RunAsync,
    ["opens"] = Opens.RunAsync,
    ["pull"] = Pull.SmallAsync,
    ["pull-large"] = Pull.LargeAsync,
    ["run-latency"] = RunLatency.RunAsync,
    ["scheduler-due"] = SchedulerDue.RunAsync,
    ["scheduler-idle"] = SchedulerIdle.RunAsync,
    ["decide"] = Decide.RunAsync,
    ["recipients"] = Recipients.RunAsync,
    ["sftp"] = SftpTransfer.RunNearAsync,
    ["sftp-far"] = SftpTransfer.RunFarAsync,
    ["decide-table"] = DecideTable.RunAsync,
};

if (args is not [var name, ..] || !benchmarks.TryGetValue(name, out var benchmark))
{
    Console.WriteLine($"Benchmarks: {string.Join(", ", benchmarks.Keys)}");
    return args.Length == 0 ? 0 : 2;
}

var result = await benchmark(args[1..]);
await result.ReportAsync();
return 0;
