package org.opendvx.server;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Which package of the server uses which. */
@AnalyzeClasses(packages = "org.opendvx.server", importOptions = DoNotIncludeTests.class)
class ServerPackagesTest {
  @ArchTest
  static final ArchRule packagesHaveNoCycles =
      slices().matching("org.opendvx.server.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule theCommandLineKnowsTheNodeByItsRestAlone =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("api")
          .definedBy("org.opendvx.server.api..")
          .layer("security")
          .definedBy("org.opendvx.server.security..")
          .layer("service")
          .definedBy("org.opendvx.server.service..")
          .layer("rest")
          .definedBy("org.opendvx.server.rest..")
          .layer("metrics")
          .definedBy("org.opendvx.server.metrics..")
          .layer("node")
          .definedBy("org.opendvx.server.node..")
          .layer("wiring")
          .definedBy("org.opendvx.server.wiring..")
          .layer("cli")
          .definedBy("org.opendvx.server.cli..")
          .whereLayer("wiring")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("node")
          .mayOnlyBeAccessedByLayers("wiring")
          .whereLayer("rest")
          .mayOnlyBeAccessedByLayers("node")
          .whereLayer("metrics")
          .mayOnlyBeAccessedByLayers("node")
          .whereLayer("service")
          .mayOnlyBeAccessedByLayers("rest", "node", "wiring", "cli")
          .whereLayer("cli")
          .mayNotBeAccessedByAnyLayer();
}
