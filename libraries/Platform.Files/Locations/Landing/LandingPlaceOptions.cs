using System.ComponentModel.DataAnnotations;

namespace Platform.Files.Locations.Landing;

/// <summary>Where landed files are kept: a folder, or a bucket. Section <c>Landing</c>, the same for the service that writes them and the one that loads them. Holds a secret: never logged.</summary>
public sealed class LandingPlaceOptions : IValidatableObject
{
    /// <summary>Absolute path of the folder; not used where a bucket is named.</summary>
    public string Root { get; set; } = "";

    /// <summary>The bucket that holds landed files instead of the folder.</summary>
    public LandingBucketOptions? S3 { get; set; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => Problems().Select(problem => new ValidationResult(problem));

    private IEnumerable<string> Problems() => S3 is { IsGiven: true } bucket
        ? bucket.Problems()
        : Path.IsPathFullyQualified(Root)
            ? []
            : [$"The setting Landing:Root is '{Root}'. It must be the absolute path of the landing store, which the couriers write and the feeds read; or name a bucket by Landing:S3:Bucket."];
}
