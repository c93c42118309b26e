using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Platform.ServiceDefaults;

/// <summary>HEAD is answered as GET would be, without the content (RFC 9110 §9.3.2). Where content would go on for long, the answer ends with its header.</summary>
public static class HeadRequests
{
    private const int MaxDropped = 1024 * 1024;

    /// <summary>Comes first, and also decides on the endpoint, which the method has its part in.</summary>
    public static void UseHead(this WebApplication app)
    {
        app.Use(async (context, next) =>
        {
            if (!HttpMethods.IsHead(context.Request.Method))
            {
                await next(context);
                return;
            }

            var (aborted, toCaller) = (context.RequestAborted, context.Response.Body);
            using var headerIsAll = CancellationTokenSource.CreateLinkedTokenSource(aborted);
            await using var dropped = new DroppedContent(context.Response, toCaller, headerIsAll);
            (context.Request.Method, context.RequestAborted, context.Response.Body) = (HttpMethods.Get, headerIsAll.Token, dropped);
            try
            {
                await next(context);
            }
            catch (OperationCanceledException) when (headerIsAll.IsCancellationRequested && !aborted.IsCancellationRequested)
            {
                // The handler was told to stop, and has.
            }
            finally
            {
                (context.Request.Method, context.RequestAborted, context.Response.Body) = (HttpMethods.Head, aborted, toCaller);
            }
        });
        app.UseRouting();
    }

    /// <summary>Whether the caller sent HEAD: the request says GET meanwhile.</summary>
    public static bool IsHead(this HttpContext context) => context.Response.Body is DroppedContent;

    private sealed class DroppedContent(HttpResponse response, Stream toCaller, CancellationTokenSource headerIsAll) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => GoOnOrEndAsync(cancellationToken);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => GoOnOrEndAsync(cancellationToken).AsTask();

        public override Task FlushAsync(CancellationToken cancellationToken) => GoOnOrEndAsync(cancellationToken).AsTask();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Answers are written asynchronously.");

        public override void Flush() => throw new NotSupportedException("Answers are written asynchronously.");

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        // What comes without a length may be a stream of events, which never ends.
        private async ValueTask GoOnOrEndAsync(CancellationToken cancellationToken)
        {
            if (response.ContentLength is <= MaxDropped || response.StatusCode >= StatusCodes.Status300MultipleChoices)
            {
                return;
            }

            await toCaller.FlushAsync(cancellationToken);
            await headerIsAll.CancelAsync();
            headerIsAll.Token.ThrowIfCancellationRequested();
        }
    }
}
