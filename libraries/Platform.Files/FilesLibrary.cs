using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Platform.Files.Encodings;
using Platform.Files.Encodings.Bzip2;
using Platform.Files.Encodings.Gzip;
using Platform.Files.Encodings.Pgp;
using Platform.Files.Encodings.Tar;
using Platform.Files.Encodings.Xz;
using Platform.Files.Encodings.Zip;
using Platform.Files.Encodings.Zstd;
using Platform.Files.Engine;
using Platform.Files.Formats;
using Platform.Files.Formats.Avro;
using Platform.Files.Formats.Csv;
using Platform.Files.Formats.Json;
using Platform.Files.Formats.Parquet;
using Platform.Files.Formats.Xml;
using Platform.Files.Locations.Landing;

namespace Platform.Files;

/// <summary>Everything this library gives a service, listed one by one.</summary>
public static class FilesLibrary
{
    private const int MostPlaces = 64;

    /// <summary>Every file format, by name. The engine's child uses the same list.</summary>
    public static KindRegistry<IFileFormat> Formats { get; } = new(
        "file format",
        [new AvroFormat(), CsvFormat.Csv, CsvFormat.Tsv, CsvFormat.Psv, JsonFormat.Document, JsonFormat.Stream, new ParquetFormat(), new XmlFormat()]);

    /// <summary>Every encoding, by name. Detection asks each of them.</summary>
    internal static KindRegistry<IFileEncoding> Encodings { get; } =
        new("encoding", [new GzipEncoding(), new ZstdEncoding(), new Bzip2Encoding(), new XzEncoding(), new ZipEncoding(), new TarEncoding(), new PgpEncoding()]);

    /// <summary>Whether a file that begins with <paramref name="head"/>, 512 bytes or more, is packed, an archive or encrypted.</summary>
    public static bool IsPacked(ReadOnlySpan<byte> head)
    {
        foreach (var encoding in Encodings.All)
        {
            if (encoding.Matches(head))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Adds the landing store, configured by section <c>Landing</c>; a wrong setting stops the start and is named. Needs <see cref="AddPlatformFiles"/>.</summary>
    public static IHostApplicationBuilder AddLandingPlace(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<LandingPlaceOptions>().BindConfiguration("Landing").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(services => LandingPlace.Open(
            services.GetRequiredService<IOptions<LandingPlaceOptions>>().Value, services.GetRequiredService<EngineOptions>(), services.GetRequiredService<TimeProvider>()));
        return builder;
    }

    /// <summary>Adds the formats and the reading engine, configured by section <c>Engine</c> and <c>Scratch:Root</c>.</summary>
    public static IHostApplicationBuilder AddPlatformFiles(this IHostApplicationBuilder builder)
    {
        var options = builder.Configuration.GetSection("Engine").Get<EngineOptions>() ?? new EngineOptions();
        if (builder.Configuration["Scratch:Root"] is { Length: > 0 } scratch)
        {
            options = options with { ScratchRoot = Path.Combine(scratch, "engine") };
        }

        if (options.ParallelCopies is < 1 or > MostPlaces || options.ParallelLooks is < 1 or > MostPlaces)
        {
            throw new InvalidOperationException($"The settings Engine:ParallelCopies and Engine:ParallelLooks are {options.ParallelCopies} and {options.ParallelLooks}. Each must be 1 to {MostPlaces}.");
        }

        // The application's name, not the entry assembly: in a test host these differ.
        var own = Path.Combine(AppContext.BaseDirectory, $"{builder.Environment.ApplicationName}.dll");
        builder.Services.AddSingleton(options with { ChildAssembly = options.ChildAssembly ?? own });
        builder.Services.AddSingleton(Formats);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<Engine.Engine>();
        return builder;
    }
}
