using Platform.Files.Engine;

return await EngineHost.RunIfChildAsync(args) ? 0 : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
