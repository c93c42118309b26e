using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;
using Platform.Couriers.Landing;
using Platform.Couriers.Persistence;
using Platform.Couriers.Previews;
using Platform.Files;
using Platform.Files.Formats;
using Platform.Files.Locations;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Endpoints;

/// <summary>Files that people bring themselves, to define a feed from (F2): streamed into the landing store, where they stand among those that couriers pulled.</summary>
internal static class UploadEndpoints
{
    private const long LargestFile = 1L << 30;
    private const int MostAtATime = 4;
    private const int HeadBytes = 1024;

    private static readonly SemaphoreSlim Places = new(MostAtATime);

    public static void MapUploads(this WebApplication app) =>
        app.MapPost("/api/landed-files", Upload).RequireAuthorization(Roles.Operator).WithTags("landed-files")
            .WithMetadata(new RequestSizeLimitAttribute(LargestFile)).Accepts<Stream>("*/*")
            .WithName("UploadFile").WithSummary("Upload a sample file as the body of the request, in any format and encoding that can be read, packed or not; at most 1 GiB");

    private static async Task<Results<Created<LandedFileView>, ProblemHttpResult>> Upload(
        [AsParameters] UploadedFile file, HttpRequest request, LandingStore store, CouriersDbContext context, KindRegistry<IFileFormat> formats, TimeProvider clock, CancellationToken cancellationToken)
    {
        var problems = file.Problems(formats);
        var sent = MediaTypeHeaderValue.TryParse(request.ContentType, out var header) ? header.MediaType.Value : null;
        if (sent?.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) == true)
        {
            problems.Add(new("$", "The body is a form. Expected the file's bytes alone, for example curl --data-binary @users.csv -H 'Content-Type: text/csv'."));
        }

        if (problems.Count > 0)
        {
            return Refusal.Invalid("The upload", problems).ToResult();
        }

        if (!await Places.WaitAsync(TimeSpan.FromSeconds(10), cancellationToken))
        {
            return new Refusal(StatusCodes.Status429TooManyRequests, "too-many-uploads", "Too many uploads", $"{MostAtATime} files are being uploaded to this instance. Ask again in a moment.").ToResult();
        }

        try
        {
            return await LandAsync(file, UploadedFile.IsKnown(formats, sent) ? sent : null, request.Body, store, context, clock, cancellationToken);
        }
        finally
        {
            Places.Release();
        }
    }

    private static async Task<Results<Created<LandedFileView>, ProblemHttpResult>> LandAsync(
        UploadedFile file, string? sentType, Stream body, LandingStore store, CouriersDbContext context, TimeProvider clock, CancellationToken cancellationToken)
    {
        var id = PublicId.Sequential("lf");
        var now = clock.GetUtcNow();
        var path = LandingStore.PathFor(LandedFile.Uploads, now.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), id, file.Name!);
        WrittenFile written;
        var contentType = file.ContentType ?? sentType;
        try
        {
            written = await store.Files.WriteAsync(path, body, cancellationToken);
            contentType ??= FileKinds.Guess(file.Name!, await HeadAsync(store, path, written.Size, cancellationToken));
        }
        catch (LocationException e) when (e.Fault == LocationFault.Full)
        {
            return new Refusal(StatusCodes.Status507InsufficientStorage, "landing-store-full", "The landing store is full", "The file could not be kept. Have space freed in the landing store, then upload it again.").ToResult();
        }
        catch (LocationException)
        {
            return new Refusal(StatusCodes.Status503ServiceUnavailable, "landing-store-unavailable", "The landing store does not work", "The file could not be kept. Upload it again later; if that does not help, the platform's operator must look at the landing store.").ToResult();
        }

        if (written.Size == 0)
        {
            await store.Files.DeleteAsync(path, CancellationToken.None);
            return Refusal.Invalid("The upload", [new("$", "The body is empty. Expected the file's bytes.")]).ToResult();
        }

        var landed = new LandedFile
        {
            Id = id,
            CourierId = LandedFile.Uploads,
            RunId = LandedFile.Uploads,
            Source = $"upload:{file.Name}",
            FileName = file.Name!,
            Location = path,
            Tag = file.Tag ?? UploadedFile.DefaultTag,
            ContentType = contentType,
            Size = written.Size,
            Sha256 = written.Sha256,
            FileDate = file.FileDate,
            Partitions = "{}",
            Settings = JsonSerializer.Serialize(file.Settings, PlatformJson.Options),
            LandedAt = now,
        };
        context.LandedFiles.Add(landed);
        try
        {
            await context.SaveChangesAsync(cancellationToken);
        }
        catch
        {
            // Nobody knows the bytes by any name.
            await store.Files.DeleteAsync(path, CancellationToken.None);
            throw;
        }

        return TypedResults.Created($"/api/landed-files/{id}", LandedFileView.Of(landed));
    }

    private static async Task<byte[]> HeadAsync(LandingStore store, string path, long size, CancellationToken cancellationToken)
    {
        // No server has a range of an empty object.
        if (size == 0)
        {
            return [];
        }

        await using var stream = await store.Files.OpenReadAsync(path, new() { Length = HeadBytes }, cancellationToken);
        var head = new byte[HeadBytes];
        return head[..await stream.ReadAtLeastAsync(head, HeadBytes, throwOnEndOfStream: false, cancellationToken)];
    }
}
