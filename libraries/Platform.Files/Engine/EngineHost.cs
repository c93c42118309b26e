using Platform.Files.Engine.Child;

namespace Platform.Files.Engine;

/// <summary>The engine's child is the service's own executable, started with the argument <c>engine</c>.</summary>
public static class EngineHost
{
    internal const string Argument = "engine";
    internal const string DataLimitVariable = "PLATFORM_ENGINE_DATA_LIMIT";
    internal const string ParentVariable = "PLATFORM_ENGINE_PARENT";

    /// <summary>
    /// The first line of a service's <c>Program.cs</c>: <c>if (await EngineHost.RunIfChildAsync(args)) return;</c>. In a child it does the job and gives
    /// <see langword="true"/>: the process ends. Otherwise it does nothing.
    /// </summary>
    public static Task<bool> RunIfChildAsync(string[] args)
    {
        if (args is not [Argument])
        {
            return Task.FromResult(false);
        }

        ChildProgram.Run();
        return Task.FromResult(true);
    }
}
