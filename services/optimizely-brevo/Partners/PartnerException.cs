using System.Net;

namespace Platform.OptimizelyBrevo.Partners;

/// <summary>A partner refused or failed. The message says who, what and the remedy; it holds no secret and no person's data.</summary>
internal sealed class PartnerException(string partner, HttpStatusCode? status, string? code, string detail, Exception? inner = null)
    : Exception($"{partner}: {detail}", inner)
{
    public HttpStatusCode? Status { get; } = status;

    /// <summary>The partner's own name of the problem, for example Brevo's <c>invalid_parameter</c>.</summary>
    public string? Code { get; } = code;

    /// <summary>The partner's explanation without its name before it.</summary>
    public string Detail { get; } = detail;

    /// <summary>The partner looked at the request and refused its content: another try with the same content is refused again.</summary>
    public bool IsRefusal => Status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.Conflict or HttpStatusCode.UnprocessableEntity or HttpStatusCode.RequestEntityTooLarge;

    /// <summary>Nobody knows whether the request took effect: no answer came, or one that does not say.</summary>
    public bool MayHaveArrived => Status is null or >= HttpStatusCode.InternalServerError;

    /// <summary>Token, key or rights are wrong: nothing else will succeed either.</summary>
    public bool IsAuthentication => Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;
}
