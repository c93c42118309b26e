using System.Diagnostics;

namespace Platform.Testing.Processes;

/// <summary>Real programs that make the files other people send.</summary>
public static class Tool
{
    /// <summary>What a program writes to its standard output; it must end well.</summary>
    public static byte[] Run(string program, string[] arguments, byte[]? input = null, string? folder = null)
    {
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? "/" };
        using var process = Process.Start(info)!;
        var error = process.StandardError.ReadToEndAsync();
        var writing = Task.Run(() =>
        {
            process.StandardInput.BaseStream.Write(input ?? []);
            process.StandardInput.Close();
        });
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        writing.GetAwaiter().GetResult();
        return process.ExitCode == 0 ? output.ToArray() : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {error.GetAwaiter().GetResult()}");
    }

    /// <summary>A file's bytes.</summary>
    public static byte[] Read(string path)
    {
        using var stream = new MemoryStream();
        using var file = File.OpenRead(path);
        file.CopyTo(stream);
        return stream.ToArray();
    }
}
