using System.Text;
using Platform.Files.Formats.Records;
using Platform.Files.Tests.Engine;
using Xunit;

namespace Platform.Files.Tests.Formats;

/// <summary>A file a hundred times as large takes no more memory.</summary>
public sealed class FlatMemoryTests
{
    private const long Small = 1 << 20;
    private const long Slack = 2 << 20;

    [Theory]
    [InlineData("csv", "id,name\n", "12345,\"a \"\"name\"\"\"\n", "")]
    [InlineData("ndjson", "", "{\"id\":12345,\"name\":\"a \\\"name\\\"\",\"more\":[1,2,{\"a\":null}]}\n", "")]
    [InlineData("json", "[{\"id\":1}\n", ",{\"id\":12345,\"name\":\"a \\\"name\\\"\"}\n", "]")]
    public void A_file_a_hundred_times_as_large_allocates_no_more(string format, string begin, string record, string end)
    {
        Allocated(format, begin, record, end, Small);
        var small = Allocated(format, begin, record, end, Small);
        var large = Allocated(format, begin, record, end, Small * 100);
        Assert.InRange(large, 0, small + Slack);
    }

    private static long Allocated(string format, string begin, string record, string end, long bytes)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        using (var reader = ((RecordFormat)FilesLibrary.Formats.Get(format)).Open(EngineFixture.Source("/nowhere", format: format), new RepeatingStream(begin, record, end, bytes)))
        {
            reader.Select(["id", "name", "more"]);
            long rows = 0;
            while (reader.Read())
            {
                rows++;
                _ = reader.Cell(0).Text.Length + reader.Cell(1).Text.Length + reader.Cell(2).Text.Length;
            }

            Assert.InRange(rows, bytes / record.Length, (bytes / record.Length) + 2);
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>One record, again and again.</summary>
    private sealed class RepeatingStream(string begin, string record, string end, long bytes) : Stream
    {
        private readonly byte[] _record = Encoding.UTF8.GetBytes(record);
        private byte[] _now = Encoding.UTF8.GetBytes(begin);
        private long _left = (bytes / record.Length) + 1;
        private int _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var written = 0;
            while (written < buffer.Length)
            {
                if (_at == _now.Length)
                {
                    if (_left < 0)
                    {
                        break;
                    }

                    _now = _left-- > 0 ? _record : Encoding.UTF8.GetBytes(end);
                    _at = 0;
                    continue;
                }

                var count = Math.Min(_now.Length - _at, buffer.Length - written);
                _now.AsSpan(_at, count).CopyTo(buffer[written..]);
                _at += count;
                written += count;
            }

            return written;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
