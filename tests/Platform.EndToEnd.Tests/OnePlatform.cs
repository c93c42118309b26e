using Platform.Testing.Processes;
using Xunit;

// One platform serves all tests of this project, and some of them kill its processes: they take turns.
[assembly: AssemblyFixture(typeof(RunningPlatform))]
[assembly: CollectionBehavior(DisableTestParallelization = true)]
