namespace Platform.Files.Engine.Child;

/// <summary>What can go wrong around a reader of records.</summary>
internal static class RecordFaults
{
    /// <summary>Reading fails as something the caller can act on.</summary>
    public static T Guard<T>(SourceFile file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The text of such an exception names the path on this machine.
            throw new EngineException(EngineFailure.Environment, $"Reading {file.Name} failed on this machine ({e.GetType().Name}, code {e.HResult & 0xFFFF}).", e);
        }
        catch (OutOfMemoryException e)
        {
            throw new EngineException(EngineFailure.Environment, $"Reading {file.Name} took more memory than a reading process may have. Raise Engine:DataLimitMegabytes or Engine:ManagedHeapMegabytes.", e);
        }
    }
}
