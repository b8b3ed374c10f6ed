package io.foresight;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;

/**
 * Holds the direction of dependencies: spark uses model and reward, which use decoding; never the
 * other way.
 */
@AnalyzeClasses(packages = "io.foresight", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule LAYERS =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("decoding")
          .definedBy("io.foresight.decoding..")
          .layer("model")
          .definedBy("io.foresight.model..")
          .layer("reward")
          .definedBy("io.foresight.reward..")
          .layer("spark")
          .definedBy("io.foresight.spark..")
          .whereLayer("decoding")
          .mayOnlyBeAccessedByLayers("model", "reward", "spark")
          .whereLayer("model")
          .mayOnlyBeAccessedByLayers("spark")
          .whereLayer("reward")
          .mayOnlyBeAccessedByLayers("spark")
          .whereLayer("spark")
          .mayNotBeAccessedByAnyLayer();

  @ArchTest
  static final ArchRule PURE_DECODING =
      ArchRuleDefinition.noClasses()
          .that()
          .resideInAPackage("io.foresight.decoding..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "ai.djl..", "org.apache..", "scala..", "java.io.File", "java.nio.file..");
}
