using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Platform.ServiceDefaults;

/// <summary>
/// Every JSON answer to a GET carries an <c>ETag</c> made from its content, and a repetition with <c>If-None-Match</c> gets 304 while nothing has changed (G1): whoever polls a list moves
/// no bytes. Streams (events, CSV) and answers beyond a megabyte go by untouched.
/// </summary>
internal static class EntityTags
{
    private const int MaxBytes = 1024 * 1024;

    public static void UseEntityTags(this WebApplication app) => app.Use(async (context, next) =>
    {
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            await next(context);
            return;
        }

        var toCaller = context.Response.Body;
        using var held = new HeldAnswer(context.Response, toCaller);
        context.Response.Body = held;
        try
        {
            await next(context);
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        }
        finally
        {
            context.Response.Body = toCaller;
        }

        if (held.Content is { } content)
        {
            await SendAsync(context, content);
        }
    });

    /// <summary>The tag of an answer's content.</summary>
    public static EntityTagHeaderValue Of(byte[] content) => new($"\"{Base64Url.EncodeToString(SHA256.HashData(content).AsSpan(0, 16))}\"");

    /// <summary>True for answers that get a tag.</summary>
    public static bool IsTagged(HttpResponse response, long? length) => response.StatusCode == StatusCodes.Status200OK && response.Headers.ETag.Count == 0
        && response.ContentType?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) == true && length is not > MaxBytes;

    private static async Task SendAsync(HttpContext context, byte[] content)
    {
        var tag = Of(content);
        context.Response.GetTypedHeaders().ETag = tag;
        if (context.Request.GetTypedHeaders().IfNoneMatch.Any(known => known.Compare(tag, useStrongComparison: false) || known.Equals(EntityTagHeaderValue.Any)))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            context.Response.ContentType = null;
            context.Response.ContentLength = null;
            return;
        }

        context.Response.ContentLength = content.Length;
        await context.Response.Body.WriteAsync(content, context.RequestAborted);
    }

    /// <summary>Keeps a JSON answer back until it is whole, and lets everything else through at once.</summary>
    private sealed class HeldAnswer(HttpResponse response, Stream toCaller) : Stream
    {
        private readonly MemoryStream _held = new();
        private bool? _holds;

        /// <summary>The whole answer when it was held back.</summary>
        public byte[]? Content => _holds == true ? _held.ToArray() : null;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        private bool Holds => _holds ??= IsTagged(response, response.ContentLength);

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Holds && _held.Length + buffer.Length <= MaxBytes)
            {
                _held.Write(buffer.Span);
                return;
            }

            await LetGoAsync(cancellationToken);
            await toCaller.WriteAsync(buffer, cancellationToken);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task FlushAsync(CancellationToken cancellationToken) => Holds ? Task.CompletedTask : toCaller.FlushAsync(cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Answers are written asynchronously.");

        public override void Flush() => throw new NotSupportedException("Answers are written asynchronously.");

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _held.Dispose();
            base.Dispose(disposing);
        }

        private async ValueTask LetGoAsync(CancellationToken cancellationToken)
        {
            if (_holds == true)
            {
                _holds = false;
                await toCaller.WriteAsync(_held.GetBuffer().AsMemory(0, (int)_held.Length), cancellationToken);
            }
        }
    }
}
