using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Win32.SafeHandles;

namespace Platform.Files.Engine.Child;

/// <summary>What a child does from its first to its last moment.</summary>
internal static class ChildProgram
{
    private const int PipeBytes = 1 << 20;

    public static void Run()
    {
        Kernel.Confine();
        var frames = new FrameWriter(Kernel.TakeStandardOutput(PipeBytes));
        using var connection = DuckDb.OpenInMemory();
        CopyTask.WarmUp(connection);

        using var input = new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0);
        if (ReadLine(input) is not { } line)
        {
            return;
        }

        new Thread(() => EndWithParent(input)) { IsBackground = true, Name = "parent watch" }.Start();
        var job = Sandbox.WithPlainPaths(JsonSerializer.Deserialize(line, EngineJson.Default.EngineJob)!);
        using var intake = new Intake(job);
        try
        {
            Sandbox.Close(connection, job, intake);
            job = job.Query is null ? job : job with { Files = [QueryResult.Make(connection, job, intake)] };
            switch (job.Task)
            {
                case EngineTask.Infer:
                    Answer(frames, intake.First(job.Files[0], part => Look.Infer(connection, part)), EngineJson.Default.IReadOnlyListInferredField);
                    break;
                case EngineTask.Preview:
                    Answer(frames, intake.First(job.Files[0], part => Look.Preview(connection, part, job.PreviewRows)), EngineJson.Default.PreviewResult);
                    break;
                case EngineTask.Head:
                    Answer(frames, intake.First(job.Files[0], part => Look.Head(part, job.HeadBytes)), EngineJson.Default.FileHead);
                    break;
                case EngineTask.Copy:
                    using (var copy = new CopyTask(connection, job, intake, frames))
                    {
                        Answer(frames, copy.Run(), EngineJson.Default.CopySummary);
                    }

                    break;
            }
        }
        catch (EngineException e)
        {
            frames.Write(FrameType.Error, JsonSerializer.SerializeToUtf8Bytes(new EngineError(e.Failure, e.Message), EngineJson.Default.EngineError));
        }
    }

    private static void Answer<T>(FrameWriter frames, T result, JsonTypeInfo<T> type) =>
        frames.Write(FrameType.Summary, JsonSerializer.SerializeToUtf8Bytes(result, type));

    private static byte[]? ReadLine(Stream input)
    {
        using var line = new MemoryStream();
        var buffer = new byte[64 << 10];
        for (int read; (read = input.Read(buffer)) > 0;)
        {
            line.Write(buffer, 0, read);
            if (buffer[read - 1] == '\n')
            {
                return line.ToArray();
            }
        }

        return null;
    }

    /// <summary>Nothing follows the job, so the next thing to read is the end: the parent is gone, or wants no answer any more.</summary>
    private static void EndWithParent(Stream input)
    {
        _ = input.ReadByte();
        Kernel.Exit(1);
    }
}
