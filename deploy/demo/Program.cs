using Platform.Demo;

if (DemoOptions.Parse(args) is not { } options)
{
    return 2;
}

try
{
    return await new DemoRun(options).RunAsync() ? 0 : 1;
}
catch (Exception e) when (e is DemoFailedException or HttpRequestException or Amazon.Runtime.AmazonServiceException)
{
    Console.Error.WriteLine($"The demo failed: {e.Message}");
    return 1;
}
